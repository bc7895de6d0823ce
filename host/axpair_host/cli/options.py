"""Options that several commands share, each defined once. Values arrive in the command under the names given here."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from axpair_proto.errors import AxpairError

from axpair_host.cli.model_defaults import Asked, ModelOption, always
from axpair_host.errors import UsageError

Decorated = TypeVar("Decorated", bound=Callable[..., object])
Decorator = Callable[[Decorated], Decorated]

PATH = click.Path(path_type=Path, readable=False)


def _names_of(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    names: dict[str, str] = {}
    for text in given:
        theirs, separator, ours = text.partition("=")
        if not separator or not theirs or not ours:
            raise UsageError(f"--map {text}: expected THEIRS=OURS, two names of one tensor")
        if names.setdefault(theirs, ours) != ours:
            raise UsageError(f"--map {text}: {theirs!r} was mapped to {names[theirs]!r} before")
    if len(set(names.values())) != len(names):
        raise UsageError("--map: two tensors would have the same name")
    return names


map_option = click.option(
    "--map",
    "names",
    multiple=True,
    metavar="THEIRS=OURS",
    callback=_names_of,
    help="The second side's THEIRS is OURS of the first: for names that no rule pairs; each as the model, a file or a "
    "gt folder has it. May be repeated.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON document on stdout; everything else goes to stderr."
)
"""`as_json`"""


def board_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What a shell proposes for a board: the names in axpair.toml, the emulator, and its faults."""
    from importlib.metadata import entry_points

    from axpair_host.config_file import named_boards

    try:
        proposed = [*named_boards(Path.cwd()), "emulator:"]
    except (AxpairError, OSError):
        proposed = ["emulator:"]  # a broken axpair.toml is told by the command
    head, marked, faults = incomplete.partition("fault=")
    if marked and head.startswith("emulator:?"):
        before = faults[: faults.rfind(",") + 1]
        names = [name for point in entry_points(group="axpair.faults") for name in point.load()()]
        proposed = [f"{head}{marked}{before}{name}" for name in names]
    elif incomplete.startswith("emulator:"):
        proposed.append("emulator:?fault=")
    return [one for one in proposed if one.startswith(incomplete)]


board_option = click.option(
    "--board",
    default="emulator:",
    show_default=True,
    metavar="URL",
    shell_complete=board_names,
    help="emulator:[?fault=NAME], host:port, grpc://host:port, grpcs://host:port?ca=FILE, ssh://user@host, "
    "or a name from axpair.toml.",
)
"""`board`"""

simulator_option = click.option(
    "--simulator", metavar="NAME", help="What stands in for the toolchain; without it that follows the joint."
)
"""`simulator`"""

repeat_option = click.option(
    "--repeat",
    type=click.IntRange(1, 1000),
    default=2,
    show_default=True,
    help="How often the board runs each case, besides one probe with another input.",
)
"""`repeat`"""


def input_options(command: Decorated) -> Decorated:
    """`inputs`: Paths; `layers`: texts, none or as many."""
    return _all(
        command,
        click.option(
            "--input",
            "inputs",
            type=PATH,
            multiple=True,
            help="An image, .bin or .npy; once an input. Or an .npz, .zip or .tar with a file named by each input.",
        ),
        click.option("--layer", "layers", multiple=True, help="The input that the --input at the same place is for."),
    )


resize_option = click.option(
    "--resize",
    "fitting",
    type=click.Choice(("stretch", "letterbox", "crop")),
    default="stretch",
    show_default=True,
    help="How pictures of another shape are brought to the input's: stretched, whole between gray bars, or cut.",
)
"""`fitting`"""


def model_option(
    flag: str, text: str, *, key: str = "", needed: bool = False, when: Callable[[Asked], bool] = always
) -> Callable[[Decorated], Decorated]:
    """One file of [model] in axpair.toml as an option: a Path or None; the command's `cls` is ModelCommand."""
    key = key or flag.removeprefix("--").replace("-", "_")
    return click.option(flag, cls=ModelOption, key=key, needed=needed, when=when, type=PATH, help=text)


def model_options(command: Decorated) -> Decorated:
    """`joint`: a Path; `onnx`, `lava_joint`, `config`: Paths or None."""
    return _all(
        command,
        model_option("--joint", "The compiled model.", needed=True),
        model_option("--onnx", "The float model; without it the ONNX leg isn't judged."),
        model_option("--lava-joint", "The quantised model; splits quantization from compilation."),
        model_option("--config", "The build's output_config.prototxt; else the one beside the joint counts."),
    )


def tolerance_options(command: Decorated) -> Decorated:
    """`atol`, `rtol`: floats or None."""
    return _all(
        command,
        click.option("--atol", type=float, help="Absolute tolerance for outputs whose step isn't known."),
        click.option("--rtol", type=float, help="Relative tolerance for outputs whose step isn't known."),
    )


preprocess_option = click.option(
    "--preprocess",
    metavar="SPEC",
    help="What prepares your product's input, run on the file of each --input: module:function, which gets the path "
    "and returns an array or bytes, or 'cmd:PROGRAM {in} {dir}', which leaves one .bin or .npy in the folder {dir}.",
)
"""`preprocess`: a text or None."""


def postprocess_options(command: Decorated) -> Decorated:
    """`postprocess`, `post_pattern`, `expect`, `observed`: texts or None."""
    return _all(
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
    """`other`: texts, each a folder or figures."""
    return click.option(
        "--other",
        multiple=True,
        metavar="WHAT",
        help="Another platform's gt folder (float/ and int8/), or its figures: 'rk3588,int8,mAP=0.48,float=0.60'; "
        "repeatable.",
    )(command)


def suspect_options(command: Decorated) -> Decorated:
    """`second_opinion`: "auto", "none" or a path; `switches`: bool; `other_board`: a board's address or None."""
    return _all(
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
            shell_complete=board_names,
            help="A second board of the kind, as one of the switches.",
        ),
    )


def canary_options(command: Decorated) -> Decorated:
    """`canary`, `canary_joint`: Paths or None."""
    return _all(
        command,
        click.option(
            "--canary",
            type=PATH,
            metavar="GT",
            help="The gt folder of a case that passed: run before and after; where it fails, nothing else is judged.",
        ),
        click.option("--canary-joint", type=PATH, help="Its compiled model, where that is another than --joint."),
    )


def shapes_option(command: Decorated) -> Decorated:
    """`shapes`: input name to its lengths."""

    def parsed(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
        found = {}
        for text in values:
            name, mark, shape = text.rpartition(":")
            if not mark or not name or not re.fullmatch(r"[0-9]+(x[0-9]+)*", shape):
                raise click.BadParameter(f"{text!r} is not of the form NAME:1x3x480x640")
            found[name] = tuple(map(int, shape.split("x")))
        return found

    return click.option(
        "--input-shape",
        "shapes",
        cls=ModelOption,
        key="input_shapes",
        multiple=True,
        callback=parsed,
        metavar="NAME:1x3x480x640",
        help="Where the model leaves an input's shape open; repeatable.",
    )(command)


def _drawn(across_cases: bool) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], dict[Any, Any]]:
    def parsed(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[Any, Any]:
        if not texts:
            return {}
        from axpair_host import own_lines

        return dict(own_lines.parsed(texts, across_cases=across_cases))

    return parsed


_MEASURES = "cosine, correlation, psnr, sqnr, rmse, relative_error, max_abs, angle, agreement"


def line_option(command: Decorated) -> Decorated:
    """`lines`: (output, metric) to Line; for one case."""
    return _line_option(
        command,
        "What an output has to reach against the float model, besides or in place of the default lines: 'y:psnr>=30', "
        f"'y:cosine>=0.99'; measures: {_MEASURES}; repeatable.",
    )


def lines_over_cases_option(command: Decorated) -> Decorated:
    """`lines`: (output, metric) to Line; for several cases."""
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
"""`lines`, for tensors that belong to no conversion."""


def post_pattern(given: Mapping[str, Any]) -> str | None:
    """--post-pattern, else what the nearest axpair.toml says. Raises UsageError on a malformed file."""
    from axpair_host import config_file

    if given["post_pattern"] is not None:
        return str(given["post_pattern"])
    return config_file.post_pattern(Path.cwd())


def deadline_option(command: Decorated) -> Decorated:
    """`deadline_ms`: milliseconds for one round on the board, given in seconds; 0 = the agent's own limit."""
    return click.option(
        "--deadline",
        "deadline_ms",
        type=click.FloatRange(0, 86400),
        callback=_milliseconds,
        default=0,
        metavar="SECONDS",
        help="Longest time for one round, at least 0.001.",
    )(command)


def _milliseconds(context: click.Context, option: click.Parameter, seconds: float) -> int:
    if 0 < seconds < 0.001:
        raise click.BadParameter(f"{seconds} s is below one millisecond: at least 0.001, or 0 for the agent's own")
    return int(seconds * 1000)


def patience_option(command: Decorated) -> Decorated:
    """`patience`: seconds for which a lost connection to the agent is tried to be had again."""
    return click.option(
        "--patience",
        type=click.FloatRange(0, 86400),
        default=120,
        show_default=True,
        metavar="SECONDS",
        help="How long to try to reach the agent again where the connection is lost; 0 = not at all.",
    )(command)


def _all(command: Decorated, *options: Decorator[Decorated]) -> Decorated:
    for option in reversed(options):
        command = option(command)
    return command
