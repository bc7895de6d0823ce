"""Options that several commands share, each defined once, and the types of those that belong together.

A command's own type has a field for each of its options, named and typed as it says here, or one for a group of them.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from axpair_proto.errors import AxpairError

from axpair_host.cli.model_defaults import Asked, ModelOption, always
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from axpair_proto.simulator import Models

    from axpair_host.inputs import InputFile

Decorated = TypeVar("Decorated", bound=Callable[..., object])
Decorator = Callable[[Decorated], Decorated]

PATH = click.Path(path_type=Path, readable=False)


class Within(click.FloatRange):
    """A number within bounds. NaN is none: it compares with nothing, so click's own range lets it pass."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click's, in click's words."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return number


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
"""`names`: a mapping from THEIRS to OURS."""
json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON document on stdout; everything else goes to stderr."
)
"""`as_json`: a bool."""


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
"""`board`: a text."""

simulator_option = click.option(
    "--simulator", metavar="NAME", help="What stands in for the toolchain; without it that follows the joint."
)
"""`simulator`: a text or None."""

repeat_option = click.option(
    "--repeat",
    type=click.IntRange(1, 1000),
    default=2,
    show_default=True,
    help="How often the board runs each case, besides one probe with another input.",
)
"""`repeat`: an int."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What `input_options` say."""

    inputs: tuple[Path, ...]
    layers: tuple[str, ...]
    """As many as there are inputs, or none."""

    def opened(self) -> "AbstractContextManager[tuple[InputFile, ...]]":
        """The files, for as long as the block lasts. Raises as `axpair_host.inputs.input_files`."""
        from axpair_host.inputs import input_files

        return input_files(self.inputs, self.layers)


def input_options(command: Decorated) -> Decorated:
    """`Inputs`."""
    return all_of(
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
"""`fitting`: an `axpair_proto.capabilities.Fitting`."""


def model_option(
    flag: str, text: str, *, key: str = "", needed: bool = False, when: Callable[[Asked], bool] = always
) -> Callable[[Decorated], Decorated]:
    """One file of [model] in axpair.toml as an option: a Path or None; the command's `cls` is ModelCommand."""
    key = key or flag.removeprefix("--").replace("-", "_")
    return click.option(flag, cls=ModelOption, key=key, needed=needed, when=when, type=PATH, help=text)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What `model_options` say."""

    joint: Path
    onnx: Path | None
    lava_joint: Path | None
    config: Path | None

    def checked(self) -> "Models":
        """With the configuration beside the joint where none is given. Raises as `axpair_host.files.given_models`."""
        from axpair_host.files import given_models

        return given_models(self.joint, self.onnx, self.lava_joint, self.config)


def model_options(command: Decorated) -> Decorated:
    """`ModelFiles`."""
    return all_of(
        command,
        model_option("--joint", "The compiled model.", needed=True),
        model_option("--onnx", "The float model; without it the ONNX leg isn't judged."),
        model_option("--lava-joint", "The quantised model; splits quantization from compilation."),
        model_option("--config", "The build's output_config.prototxt; else the one beside the joint counts."),
    )


def shapes_option(command: Decorated) -> Decorated:
    """`shapes`: a mapping from an input's name to its lengths."""

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


def deadline_option(command: Decorated) -> Decorated:
    """`deadline_ms`: an int, milliseconds for one round on the board, given in seconds; 0 = the agent's own limit."""
    return click.option(
        "--deadline",
        "deadline_ms",
        type=Within(0, 86400),
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
    """`patience`: a float, seconds for which a lost connection to the agent is tried to be had again."""
    return click.option(
        "--patience",
        type=Within(0, 86400),
        default=120,
        show_default=True,
        metavar="SECONDS",
        help="How long to try to reach the agent again where the connection is lost; 0 = not at all.",
    )(command)


def all_of(command: Decorated, *options: Decorator[Decorated]) -> Decorated:
    """The command with these options, in this order."""
    for option in reversed(options):
        command = option(command)
    return command
