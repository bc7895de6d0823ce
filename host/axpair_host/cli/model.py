"""axpair model: what a joint says of itself."""

from dataclasses import dataclass
from pathlib import Path

import click
from axpair_proto.command_line import Group
from axpair_proto.lines import fitted
from axpair_proto.printing import print_document, print_lines

from axpair_host.cli import options
from axpair_host.cli.model_defaults import ModelArgument, ModelCommand
from axpair_host.cli.request import taking


@dataclass(frozen=True, slots=True)
class ModelInfoOptions:
    """What `axpair model info` is asked."""

    model: Path
    as_json: bool


@click.group("model", cls=Group)
def command() -> None:
    """Compiled models."""


@command.command("info", cls=ModelCommand)
@click.argument("model", cls=ModelArgument, key="joint", metavar="[MODEL]", type=options.PATH)
@options.json_option
@taking(ModelInfoOptions)
def info(given: ModelInfoOptions) -> None:
    """Inputs, outputs, layout and Q of a joint, and how to index each output; what an .axmodel or an ONNX model says.

    Of joints of the real toolchain: release and commit, parts, names and order, colors, and shapes where the file has
    them. Layout, Q and the outputs' dtype are known to the board's runtime alone. Of an .axmodel: release, target, NPU
    mode, batches, and each input's and output's name, dtype, shape, layout and color.
    """
    from axpair_host.files import existing_file
    from axpair_host.modelinfo import model_info

    found = model_info(existing_file("MODEL", given.model))
    if given.as_json:
        print_document(found.document())
        return
    print_lines(fitted(found.lines()))
