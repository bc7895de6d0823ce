"""Lines for people: aligned columns, wrapped paragraphs, and names that can't play with the terminal."""

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

import click
from axpair_proto.text import LONGEST_NAME, printable

_COLOURS = {
    "PASS": "green",
    "FAULT": "red",
    "INCONCLUSIVE": "yellow",
    "IDENTICAL": "green",
    "EQUIVALENT": "green",
    "SIMILAR": "cyan",
    "DIFFERENT": "red",
    "INVALID": "magenta",
}


def coloured(word: str) -> str:
    """A verdict or relation in its colour; codes are stripped where the output is no terminal."""
    colour = _COLOURS.get(word)
    return click.style(word, fg=colour, bold=True) if colour else word


def bold(text: str) -> str:
    """Emphasised."""
    return click.style(text, bold=True)


def dim(text: str) -> str:
    """Of lesser weight. Nothing stays nothing, so that a line with an empty last column can be trimmed."""
    return click.style(text, dim=True) if text else text


def plain(text: object) -> str:
    """A name, or a short text, from models, files and boards, with control characters spelled out."""
    return printable(text, LONGEST_NAME)


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    shown = click.unstyle(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in shown)


def aligned(rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """Rows with their columns under each other, two spaces apart."""
    table = [list(row) for row in rows]
    widths = [max((width(row[column]) for row in table if column < len(row)), default=0) for column in _columns(table)]
    return [
        (indent + "  ".join(cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(row))).rstrip()
        for row in table
    ]


def table_columns() -> int:
    """Columns that a table may take: the terminal's, else what a log viewer shows without wrapping."""
    return shutil.get_terminal_size((140, 24)).columns if sys.stdout.isatty() else 140


def columns() -> int:
    """Columns that text is wrapped to: the terminal's, 100 elsewhere."""
    return min(shutil.get_terminal_size((100, 24)).columns, 120) if sys.stdout.isatty() else 100


def paragraph(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """A text wrapped to the terminal, 100 columns elsewhere; `first` leads its first line, `rest` the others."""
    wrapped = textwrap.wrap(
        printable(text),
        max(columns() - 1, 40),
        initial_indent=" " * width(first),
        subsequent_indent=rest if rest is not None else " " * width(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
    if not wrapped:
        return [first.rstrip()]
    return [first + wrapped[0][width(first) :], *wrapped[1:]]


def _columns(table: list[list[str]]) -> range:
    return range(max((len(row) for row in table), default=0))
