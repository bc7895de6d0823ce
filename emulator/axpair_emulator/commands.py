"""`axpair emulator`: what the host's command line finds by the entry point axpair.commands."""

import click
from axpair_proto.command_line import Group

from axpair_emulator.commands_build import build_command
from axpair_emulator.commands_faults import faults_command
from axpair_emulator.commands_tools import tools_command


@click.group(cls=Group)
def emulator() -> None:
    """Build joints for the emulated board, see what faults it can have, get its drop-in commands."""


emulator.add_command(build_command)
emulator.add_command(faults_command)
emulator.add_command(tools_command)
