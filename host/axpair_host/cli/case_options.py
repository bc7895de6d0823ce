"""Options about how a case is judged, each defined once, and what `pair` and `replay` have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from axpair_host.cli import options
from axpair_host.cli.model_defaults import ModelOption
from axpair_host.cli.options import PATH, Decorated, all_of

if TYPE_CHECKING:
    import re

    from axpair_proto.capabilities import Fitting

    from axpair_host.compare.lines import Line
    from axpair_host.gather.canary import Canary
    from axpair_host.pairing import Judging

Lines = Mapping[tuple[str, str], "Line"]
"""By output and measure."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What `tolerance_options` say."""

    atol: float | None
    rtol: float | None


def tolerance_options(command: Decorated) -> Decorated:
    """`Tolerance`."""
    return all_of(
        command,
        click.option("--atol", type=float, help="Absolute tolerance for outputs whose step isn't known."),
        click.option("--rtol", type=float, help="Relative tolerance for outputs whose step isn't known."),
    )


def _drawn(across_cases: bool) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], dict[Any, Any]]:
    def parsed(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[Any, Any]:
        if not texts:
            return {}
        from axpair_host import own_lines

        return dict(own_lines.parsed(texts, across_cases=across_cases))

    return parsed


_MEASURES = "cosine, correlation, psnr, sqnr, rmse, relative_error, max_abs, angle, agreement"


def line_option(command: Decorated) -> Decorated:
    """`lines`: `Lines`, for one case."""
    return _line_option(
        command,
        "What an output has to reach against the float model, besides or in place of the default lines: 'y:psnr>=30', "
        f"'y:cosine>=0.99'; measures: {_MEASURES}; repeatable.",
    )


def lines_over_cases_option(command: Decorated) -> Decorated:
    """`lines`: `Lines`, for several cases."""
    return _line_option(
        command,
        "What an output has to reach against the float model, besides or in place of the default lines: 'y:psnr>=30', "
        f"'y:cosine>=0.99'; measures: {_MEASURES}, and of all cases together similarity, distinct; repeatable.",
        across_cases=True,
    )


def _line_option(command: Decorated, text: str, *, across_cases: bool = False) -> Decorated:
    return click.option(
        "--line",
        "lines",
        cls=ModelOption,
        key="lines",
        multiple=True,
        callback=_drawn(across_cases),
        metavar="OUTPUT:MEASURE>=VALUE",
        help=text,
    )(command)


plain_line_option = click.option(
    "--line",
    "lines",
    multiple=True,
    callback=_drawn(False),
    metavar="TENSOR:MEASURE>=VALUE",
    help="What a tensor has to reach against A, in place of what --at-least asks: 'y:psnr>=30', 'y:cosine>=0.99'; "
    f"measures: {_MEASURES}; repeatable.",
)
"""`lines`: `Lines`, for tensors that belong to no conversion."""


preprocess_option = click.option(
    "--preprocess",
    metavar="SPEC",
    help="What prepares your product's input, run on the file of each --input: module:function, which gets the path "
    "and returns an array or bytes, or 'cmd:PROGRAM {in} {dir}', which leaves one .bin or .npy in the folder {dir}.",
)
"""`preprocess`: a text or None."""


@dataclass(frozen=True, slots=True)
class Postprocess:
    """What `postprocess_options` say; None where nothing was given."""

    postprocess: str | None
    post_pattern: str | None
    expect: str | None
    observed: str | None

    def pattern_text(self) -> str | None:
        """--post-pattern, else what the nearest axpair.toml says. Raises UsageError on a malformed file."""
        from axpair_host import config_file

        return self.post_pattern if self.post_pattern is not None else config_file.post_pattern(Path.cwd())

    def pattern(self) -> "re.Pattern[str] | None":
        """The same, ready to read with. Raises UsageError where it is no pattern."""
        from axpair_host.postprocess.text import compiled

        text = self.pattern_text()
        return compiled(text) if text is not None else None


def postprocess_options(command: Decorated) -> Decorated:
    """`Postprocess`."""
    return all_of(
        command,
        click.option(
            "--postprocess",
            metavar="SPEC",
            help="The post-processor, run on the outputs of every leg: module:function, 'cmd:PROGRAM {dir}' here, or "
            "'board:PROGRAM {dir}' on the board; {dir} is a folder with each output as .bin and .npy.",
        ),
        click.option(
            "--post-pattern",
            metavar="PATTERN",
            help="How its text is read where that isn't JSON: classification, detection, or an expression with groups "
            "label, id, score, x1, y1, x2, y2; default: what axpair.toml says, else both of the former.",
        ),
        click.option(
            "--expect",
            metavar="WHAT",
            help="What it should say of this case: JSON, a label, a file, or F for what it makes of the float outputs.",
        ),
        click.option(
            "--observed",
            metavar="WHAT",
            help="What the program on the board said: JSON, a label, or a file, also with what it printed.",
        ),
    )


def other_option(command: Decorated) -> Decorated:
    """`other`: a tuple of texts, each a folder or figures."""
    return click.option(
        "--other",
        multiple=True,
        metavar="WHAT",
        help="Another platform's gt folder (float/ and int8/), or its figures: 'rk3588,int8,mAP=0.48,float=0.60'; "
        "repeatable.",
    )(command)


def canary_options(command: Decorated) -> Decorated:
    """`canary`, `canary_joint`: Paths or None."""
    return all_of(
        command,
        click.option(
            "--canary",
            type=PATH,
            metavar="GT",
            help="The gt folder of a case that passed: run before and after; where it fails, nothing else is judged.",
        ),
        click.option("--canary-joint", type=PATH, help="Its compiled model, where that is another than --joint."),
    )


@dataclass(frozen=True, slots=True)
class Suspects:
    """What `suspect_options` say."""

    second_opinion: str
    """"auto", "none" or a path."""
    switches: bool
    other_board: str | None
    """As --board takes it."""


def suspect_options(command: Decorated) -> Decorated:
    """`Suspects`."""
    return all_of(
        command,
        click.option(
            "--second-opinion",
            default="auto",
            show_default=True,
            metavar="WHAT",
            help="Where a finding names the board, run the case with the vendor's run_joint too: auto = as found "
            "there, none, or its path.",
        ),
        click.option(
            "--switches", is_flag=True, help="Where a finding names the board, run the case under each switch it has."
        ),
        click.option(
            "--other-board",
            metavar="URL",
            shell_complete=options.board_names,
            help="A second board of the kind, as one of the switches.",
        ),
    )


@dataclass(frozen=True, slots=True)
class CaseOptions:
    """What `pair` and `replay` are both asked: the models, where and how often a case runs, how it is judged."""

    models: options.ModelFiles
    golden: Path | None
    fitting: "Fitting"
    board: str
    simulator: str | None
    repeat: int
    deadline_ms: int
    patience: float
    tolerance: Tolerance
    lines: Lines
    preprocess: str | None
    post: Postprocess
    other: tuple[str, ...]
    canary: Path | None
    canary_joint: Path | None
    as_json: bool

    def judging(self) -> "Judging":
        """How a case is judged. Raises UsageError for a tolerance that means nothing and a malformed axpair.toml."""
        from axpair_host.diagnosis import Settings
        from axpair_host.pairing import Judging

        settings = Settings(atol=self.tolerance.atol, rtol=self.tolerance.rtol, lines=tuple(self.lines.values()))
        return Judging(settings, self.post.postprocess, self.post.pattern_text(), self.preprocess)

    def known_good(self) -> "Canary | None":
        """The case that runs before and after. Raises UsageError as `axpair_host.gather.canary.given_canary`."""
        from axpair_host.gather.canary import given_canary

        return given_canary(self.canary, self.canary_joint, self.models.joint)
