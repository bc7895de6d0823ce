"""What every command of `axpair` has in common, whichever package it comes from (entry point group `axpair.commands`).

`-v` and `-q`; an option that takes one value is refused where it is given twice; the help of a long list of options
comes in groups; examples in a help text fit the terminal and can still be copied.
"""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from axpair_proto.printing import speech

GROUPS: dict[str, tuple[str, ...]] = {
    "Models": ("--joint", "--onnx", "--lava-joint", "--config", "--input-shape", "--simulator"),
    "Input": ("--input", "--layer", "--resize", "--preprocess", "--id", "--cases", "--train"),
    "Board": (
        *("--board", "--repeat", "--deadline", "--patience", "--bisect", "--canary", "--canary-joint"),
        *("--second-opinion", "--switches", "--other-board"),
    ),
    "Post-processor": ("--postprocess", "--post-pattern", "--expect", "--observed"),
    "From elsewhere": ("--gt", "--board-out", "--board-log", "--map", "--golden", "--other", "--build-log"),
    "Judging": ("--cosine", "--atol", "--rtol", "--score", "--strict", "--try-int16"),
    "Result": ("--all", "--out", "--overwrite", "--run", "--write", "--write-config", "--json"),
    "General": ("--verbose", "--quiet", "--help"),
}
"""Options by the heading that they stand under where a command has many; any other stands under "Options"."""
_MANY = 12
"""Options from which on they come in groups."""
_WORD = r"""(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+"""
"""Of a shell's line: no break within quotes."""
_UNIT = re.compile(rf"--?\w\S*\s+(?!-){_WORD}|{_WORD}")
"""A word, or an option with its value."""


class Command(click.Command):
    """A command as `axpair` has them."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.params += _speech_options()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with options given twice refused."""
        if not ctx.resilient_parsing:
            given, stray, order = self.make_parser(ctx).parse_args(list(args))
            _refuse_repeated(order, ctx)
            if stray:
                self.refuse_stray(stray, given, ctx)
        return super().parse_args(ctx, args)

    def refuse_stray(self, stray: list[str], given: Mapping[str, Any], ctx: click.Context) -> None:
        """Where a command knows better than click what arguments that it doesn't take were meant for."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does, with examples that fit."""
        text = inspect.cleandoc(self.help or "").partition("\f")[0]
        if text:
            formatter.write_paragraph()
            with formatter.indentation():
                room = formatter.width - formatter.current_indent
                lines = (fitting for line in text.split("\n") for fitting in _example(line, room))
                formatter.write_text("\n".join(lines))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """In groups where there are many."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        found = [(one, record) for one in options if (record := one.get_help_record(ctx)) is not None]
        groups: dict[str, list[tuple[str, str]]] = {"Options": [], **{name: [] for name in GROUPS}}
        for one, record in found:
            groups[_group_of(one) if len(found) > _MANY else "Options"].append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.params += _speech_options()


def _refuse_repeated(order: Sequence[click.Parameter], ctx: click.Context) -> None:
    """click itself keeps the last value and says nothing. `order`: the parameters as they were given."""
    for one in order:
        if isinstance(one, click.Option) and not (one.multiple or one.is_flag or one.count):
            times = sum(other is one for other in order)
            if times > 1:
                flag = max(one.opts, key=len)
                raise click.UsageError(f"{flag} is given {times} times, and takes one value", ctx)


def _example(line: str, room: int) -> Iterator[str]:
    """A command of a help text's example, over as many lines as it takes; any other line as it is."""
    if not line.startswith("axpair ") or len(line) <= room:
        yield line
        return
    begun = ""
    for word in _UNIT.findall(line):
        if begun and len(begun) + len(word) + len("  \\") > room:
            yield f"{begun} \\"
            begun = f"    {word}"
        else:
            begun = f"{begun} {word}" if begun else word
    yield begun


def _group_of(one: click.Option) -> str:
    return next((name for name, flags in GROUPS.items() if not set(flags).isdisjoint(one.opts)), "Options")


def _speech_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            expose_value=False,
            callback=_more,
            help="Say more: the figures behind each finding, how long each step took, what led to an error, and what "
            "libraries log.",
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_less,
            help="On stderr only warnings and errors: no progress, no notes. stdout stays as it is.",
        ),
    ]


def _more(context: click.Context, option: click.Parameter, given: bool) -> None:
    if given:
        _refuse_both(speech.quiet, context)
        speech.speak_up()


def _less(context: click.Context, option: click.Parameter, given: bool) -> None:
    if given:
        _refuse_both(speech.verbose, context)
        speech.quiet = True


def _refuse_both(other: bool, context: click.Context) -> None:
    if other:
        raise click.UsageError("--verbose and --quiet exclude each other", context)
