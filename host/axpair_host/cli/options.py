"""Options that several commands share, each defined once. Values arrive in the command under the names given here."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., object])
Decorator = Callable[[Decorated], Decorated]

PATH = click.Path(path_type=Path)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON document on stdout; everything else goes to stderr."
)
"""`as_json`"""

board_option = click.option(
    "--board",
    default="emulator:",
    show_default=True,
    metavar="URL",
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


def model_options(command: Decorated) -> Decorated:
    """`joint`, `onnx`, `lava_joint`, `config`: Paths or None."""
    return _all(
        command,
        click.option("--joint", type=PATH, required=True, help="The compiled model."),
        click.option("--onnx", type=PATH, help="The float model; without it the ONNX leg isn't judged."),
        click.option("--lava-joint", type=PATH, help="The quantised model; splits quantization from compilation."),
        click.option(
            "--config", type=PATH, help="The build's output_config.prototxt; default: the one beside the joint."
        ),
    )


def tolerance_options(command: Decorated) -> Decorated:
    """`atol`, `rtol`: floats or None."""
    return _all(
        command,
        click.option("--atol", type=float, help="Absolute tolerance for outputs whose step isn't known."),
        click.option("--rtol", type=float, help="Relative tolerance for outputs whose step isn't known."),
    )


def postprocess_options(command: Decorated) -> Decorated:
    """`postprocess`, `expect`, `observed`: texts or None."""
    return _all(
        command,
        click.option(
            "--postprocess", metavar="MODULE:FUNCTION", help="The post-processor, run on the outputs of every leg."
        ),
        click.option("--expect", metavar="JSON", help="What it should say of this case: JSON, or a file with JSON."),
        click.option("--observed", metavar="JSON", help="What the program on the board said: JSON, or a file."),
    )


def deadline_option(command: Decorated) -> Decorated:
    """`deadline`: seconds for one round on the board, 0 = the agent's own limit."""
    return click.option(
        "--deadline", type=click.FloatRange(0, 86400), default=0, metavar="SECONDS", help="Longest time for one round."
    )(command)


def _all(command: Decorated, *options: Decorator[Decorated]) -> Decorated:
    for option in reversed(options):
        command = option(command)
    return command
