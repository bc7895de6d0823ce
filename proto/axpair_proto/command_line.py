"""What every command of `axpair` has in common, whichever package it comes from (entry point group `axpair.commands`).

`-v`, `-q` and `--lang`; an option that takes one value is refused where it is given twice; the help of a long list of
options comes in groups; examples in a help text fit the terminal and can still be copied. Help is in the reader's
language, as far as a catalogue has it: of options, of paragraphs, and of click's own words.
"""

import copy
import gettext
import inspect
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from axpair_proto.lines import command_lines, is_command, width, wrapped
from axpair_proto.printing import speech
from axpair_proto.sentences import LANGUAGES, say, tr

GROUPS: dict[str, tuple[str, ...]] = {
    "Models": ("--joint", "--onnx", "--lava-joint", "--config", "--input-shape", "--simulator"),
    "Input": ("--input", "--layer", "--resize", "--preprocess", "--id", "--cases", "--train"),
    "Board": (
        *("--board", "--repeat", "--deadline", "--patience", "--bisect", "--canary", "--canary-joint"),
        *("--second-opinion", "--switches", "--other-board"),
    ),
    "Post-processor": ("--postprocess", "--post-pattern", "--expect", "--observed"),
    "From elsewhere": ("--gt", "--board-out", "--board-log", "--map", "--golden", "--other", "--build-log"),
    "Judging": ("--cosine", "--atol", "--rtol", "--line", "--score", "--strict", "--try-int16"),
    "Result": ("--all", "--out", "--overwrite", "--run", "--write", "--write-config", "--json"),
    "General": ("--verbose", "--quiet", "--lang", "--help"),
}
"""Options by the heading that they stand under where a command has many; any other stands under "Options"."""
_MANY = 12
"""Options from which on they come in groups."""


class _Formatter(click.HelpFormatter):
    """click's own counts characters; Chinese ones take two columns and may break anywhere."""

    def write_text(self, text: str) -> None:
        """A text's paragraphs, each wrapped; those that begin with \\b as they are."""
        if not _is_wide(text):
            super().write_text(text)
            return
        indent = " " * self.current_indent
        for place, part in enumerate(inspect.cleandoc(text).split("\n\n")):
            lines = part.removeprefix("\b\n").split("\n")
            if not part.startswith("\b"):
                lines = wrapped(" ".join(part.split()), "", "", self.width - self.current_indent)
            self.write("".join(f"{indent}{line}".rstrip() + "\n" for line in (["", *lines] if place else lines)))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Terms and what they mean, the latter wrapped below itself."""
        table = list(rows)
        if not any(map(_is_wide, (text for row in table for text in row))):
            super().write_dl(table, col_max, col_spacing)
            return
        indent = " " * self.current_indent
        taken = min(max(width(term) for term, _ in table), col_max) + col_spacing
        rest = indent + " " * taken
        for term, meaning in table:
            fits = width(term) + col_spacing <= taken
            first = f"{indent}{term}{' ' * (taken - width(term))}" if fits else rest
            lines = [] if fits else [indent + term]
            lines += wrapped(meaning, first, rest, self.width) if meaning else []
            self.write("".join(f"{line}\n" for line in lines))


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command as `axpair` has them."""

    context_class = _Context

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.params += _general_options()

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
        text = in_words(self.help or "")
        if text:
            formatter.write_paragraph()
            with formatter.indentation():
                room = formatter.width - formatter.current_indent
                lines = (command_lines(line, room) if is_command(line) else [line] for line in text.split("\n"))
                formatter.write_text("\n".join(fitting for of_line in lines for fitting in of_line))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """In groups where there are many."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        found = [(one, record) for one in options if (record := _in_words(one).get_help_record(ctx)) is not None]
        groups: dict[str, list[tuple[str, str]]] = {"Options": [], **{name: [] for name in GROUPS}}
        for one, record in found:
            groups[_group_of(one) if len(found) > _MANY else "Options"].append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(tr(name)):
                    formatter.write_dl(records)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type
    context_class = _Context

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.params += _general_options()

    format_help_text = Command.format_help_text

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Options as a command's, then the commands."""
        Command.format_options(self, ctx, formatter)  # type: ignore[arg-type]
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        room = formatter.width - 6 - max((len(name) for name, _ in found), default=0)
        rows = [(name, _summary(one, room)) for name, one in found if one is not None and not one.hidden]
        if rows:
            with formatter.section(tr("Commands")):
                formatter.write_dl(rows)


def paragraphs(text: str) -> list[str]:
    """Those of a docstring that are looked up, each on one line; examples are the same in every language."""
    found = inspect.cleandoc(text).partition("\f")[0].split("\n\n")
    return [one if one.startswith("\b") else " ".join(one.split()) for one in found]


def in_words(text: str) -> str:
    """A help text in the reader's language, paragraph by paragraph; where none has an entry, as it is."""
    found = paragraphs(text)
    said = [one if one.startswith("\b") else tr(one) for one in found]
    return "\n\n".join(said) if said != found else inspect.cleandoc(text).partition("\f")[0]


def _in_words(option: click.Option) -> click.Option:
    """As it is shown."""
    shown = copy.copy(option)
    shown.help = tr(option.help) if option.help else option.help
    return shown


def _summary(command: click.Command, room: int) -> str:
    """The first sentence of its help."""
    first = next(iter(paragraphs(command.help or "")), "")
    said = str(tr(first))
    return command.get_short_help_str(room) if said == first else said.partition("。")[0]


def _is_wide(text: str) -> bool:
    """Whether it has characters of two columns. `width` needs rich, which no English help waits for."""
    return any(unicodedata.east_asian_width(letter) in "WF" for letter in text)


def _refuse_repeated(order: Sequence[click.Parameter], ctx: click.Context) -> None:
    """click itself keeps the last value and says nothing. `order`: the parameters as they were given."""
    for one in order:
        if isinstance(one, click.Option) and not (one.multiple or one.is_flag or one.count):
            times = sum(other is one for other in order)
            if times > 1:
                flag = max(one.opts, key=len)
                raise click.UsageError(
                    say("{flag} is given {times} times, and takes one value", flag=flag, times=times), ctx
                )


def _group_of(one: click.Option) -> str:
    return next((name for name, flags in GROUPS.items() if not set(flags).isdisjoint(one.opts)), "Options")


def _general_options() -> list[click.Parameter]:
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
        click.Option(
            ["--lang"],
            type=click.Choice(LANGUAGES),
            expose_value=False,  # it was read before any command was found
            help="In that language, documents too; without it LC_ALL or LANG decides, for people alone.",
        ),
    ]


def speak_through_click() -> None:
    """Have click look up what it says in help in our catalogue. It asks gettext, whose catalogues are chosen by the
    environment alone, and that is our children's too. Its messages are recognized as ours are."""
    for name in ("click.core", "click.formatting", "click.decorators"):
        module = sys.modules.get(name)
        if module is not None and getattr(module, "_", None) is gettext.gettext:
            module.__dict__["_"] = tr


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
        raise click.UsageError(say("--verbose and --quiet exclude each other"), context)
