"""`axpair emulator tools`."""

from __future__ import annotations

from pathlib import Path

import click
from axpair_proto.advice import shell_quoted
from axpair_proto.command_line import Command
from axpair_proto.lines import fitted
from axpair_proto.printing import print_document, print_lines


@click.command("tools", cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def tools_command(folder: Path, as_json: bool) -> None:
    """Write launchers of `pulsar` and `run_joint` into DIR.

    They take the vendor's flags and work on joints of the emulated board. Put DIR first on the PATH, and scripts
    written for the real tools run unchanged.

    \b
    axpair emulator tools bin && PATH="$PWD/bin:$PATH" pulsar version
    """
    from axpair_emulator.tools.launchers import write_launchers

    written = write_launchers(folder)
    if as_json:
        print_document({"schema_version": 1, "tools": [str(path) for path in written]})
        return
    print_lines(fitted(f"Wrote {path}" for path in written))
    print_lines(["Put them first on the PATH:", f'  export PATH={shell_quoted(str(folder.absolute()))}:"$PATH"'])
