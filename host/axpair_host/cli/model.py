"""axpair model: what a joint says of itself."""

import json
from pathlib import Path

import click

from axpair_host.cli import options


@click.group("model")
def command() -> None:
    """Compiled models."""


@command.command("info")
@click.argument("joint", type=options.PATH)
@options.json_option
def info(joint: Path, as_json: bool) -> None:
    """Inputs, outputs, layout and Q of JOINT, and how to index each output.

    Joints of the real toolchain give names and order only; the rest is known to the board's runtime alone.
    """
    from axpair_host.files import existing_file
    from axpair_host.modelinfo import model_info

    found = model_info(existing_file("JOINT", joint))
    if as_json:
        click.echo(json.dumps(found.document(), indent=2, ensure_ascii=False))
        return
    for line in found.lines():
        click.echo(line)
