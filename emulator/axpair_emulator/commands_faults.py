"""`axpair emulator faults`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from axpair_proto.command_line import Command
from axpair_proto.lines import aligned
from axpair_proto.printing import print_document, print_lines

if TYPE_CHECKING:
    from axpair_emulator.faults.importing import ImportFault
    from axpair_emulator.faults.toolchain import ToolchainFault


@click.command("faults", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def faults_command(as_json: bool) -> None:
    """List the faults that can be injected, each with the code that must be found.

    Faults of the board: --board 'emulator:?fault=NAME'. Of the compiler: axpair emulator build --fault NAME.
    Several at once: NAME,NAME. seed=N (--fault-seed N) chooses where; the same seed gives the same bytes.
    only=K/N (NAME.only=K/N) strikes the inputs alone whose digest falls into class K of N.
    """
    from axpair_emulator.faults.catalogue import FAULTS
    from axpair_emulator.faults.importing import GRAPH_IMPORT
    from axpair_emulator.faults.toolchain import FAULTS as TOOLCHAIN

    of_build: list[ToolchainFault | ImportFault] = [*TOOLCHAIN.values(), GRAPH_IMPORT]

    if as_json:
        faults = [
            {
                "name": info.name,
                "summary": info.summary,
                "code": info.code,
                "injected": "board",
                "parameters": {
                    key: {"default": one.default, "meaning": one.meaning} for key, one in info.parameters.items()
                },
            }
            for info in FAULTS.values()
        ]
        faults += [
            {"name": one.name, "summary": one.summary, "code": one.code, "injected": "build", "parameters": {}}
            for one in of_build
        ]
        print_document({"schema_version": 1, "faults": faults})
        return
    rows = []
    for info in FAULTS.values():
        rows.append([info.name, info.code or "-", info.summary])
        rows += [["", "", f"{key}={one.default}  {one.meaning}"] for key, one in info.parameters.items()]
    print_lines(aligned(rows, head=["of the board", "code", "what goes wrong"]))
    compiler = [[fault.name, fault.code, fault.summary] for fault in of_build]
    print_lines(["", *aligned(compiler, head=["of the compiler", "code", "what goes wrong"])])
