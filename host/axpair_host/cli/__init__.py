"""The command line: one group whose commands are imported when they run, so that `--help` is instant.

A command is a `click.Command` named `command` in `axpair_host.cli.<name>`, or an entry point of the group
`axpair.commands` (anyone's). Ours take one frozen dataclass of what they are asked, see `axpair_host.cli.request`. A
command returns "PASS", "FAULT", "INCONCLUSIVE", an exit code or None; `axpair_host.main` makes the exit code of it.
Documents go to stdout, everything else to stderr.
"""

import importlib
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

import click
from axpair_proto import __version__
from axpair_proto.command_line import Group
from axpair_proto.sentences import in_words, say, tr

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SUMMARIES = {
    "demo": "The whole story on a real model, nothing but this machine.",
    "init": "What lies in a folder, and the next three commands.",
    "pair": "One case: run, gather gt, compare, verdict.",
    "replay": "A folder or list of BadCases; resumable.",
    "compare": "Two gt folders, tensors or archives.",
    "diagnose": "Judge stored evidence again.",
    "layers": "Layer by layer: where accuracy is lost, where a board departs.",
    "reduce": "The least that still shows it: cases of a run, or a part of a model.",
    "lint": "A configuration against model and calibration set, before anything runs.",
    "tune": "Strategies, calibration and 16 bit, tried and shown in a table.",
    "explain": "The fault book: what a code means.",
    "model": "Inputs, outputs, layout, Q of a joint, and how to index them.",
    "board": "What is on the board.",
    "completion": "What makes bash, zsh or fish complete commands, codes, boards and faults.",
    "emulator": "Stand-in for toolchain and board: build joints, see what faults can be injected.",
}
"""All commands of our own, in the order of `--help`; `emulator` is found by its entry point."""

_BY_ENTRY_POINT = {"emulator"}


class LazyGroup(Group):
    """A group that knows its commands' names and summaries without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Ours first, then those of other packages by name."""
        found = _entry_points()
        ours = [name for name in SUMMARIES if name not in _BY_ENTRY_POINT or name in found]
        return [*ours, *sorted(name for name in found if name not in SUMMARIES)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name; None when there is none."""
        if cmd_name in SUMMARIES and cmd_name not in _BY_ENTRY_POINT:
            command = importlib.import_module(f"axpair_host.cli.{cmd_name}").command
        elif found := _entry_points().get(cmd_name):
            command = found.load()
        else:
            return None
        if not isinstance(command, click.Command):
            raise TypeError(f"the command {cmd_name!r} is {command!r}, which is no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a near miss named."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = say("; did you mean {name!r}?", name=near[0]) if near else ""
            raise click.UsageError(say("there is no command {name!r}", name=args[0]) + hint, ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Names and summaries, without importing a single command."""
        from click.shell_completion import CompletionItem

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=SUMMARIES.get(name) or _origin(name)) for name in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and summaries, without importing a single command."""
        rows = [(name, in_words(SUMMARIES.get(name) or _origin(name))) for name in self.list_commands(ctx)]
        with formatter.section(tr("Commands")):
            formatter.write_dl(rows)


def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="axpair.commands")}


def _origin(name: str) -> str:
    package = _entry_points()[name].dist
    return say("From the package {package}.", package=package.name) if package else say("From another package.")


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="axpair", message="%(prog)s %(version)s")
def axpair() -> None:
    """Find out where a model breaks on its way to an AX board.

    Outputs of ONNX, lava_joint and joint simulation and of the board are gathered into a gt folder, compared, and
    judged with evidence: model, configuration, quantization, toolchain, board, post-processing or harness.

    Exit codes: 0 nothing wrong; 1 a fault was isolated; 2 bad usage or input, or a disk that refuses; 3 inconclusive
    or board unavailable.
    """
