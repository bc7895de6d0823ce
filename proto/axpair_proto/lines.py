"""Lines for people: the one style of tables, wrapped paragraphs, and names that can't play with the terminal.

Lines carry their colors as codes; `axpair_proto.printing` takes them out where stdout takes none. No line breaks
within a word: a path or a command that is longer than the terminal can still be copied. Chinese breaks anywhere but
before what closes.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from axpair_proto.advice import explained
from axpair_proto.sentences import in_words, tr
from axpair_proto.terminal import can_show, columns
from axpair_proto.text import LONGEST_NAME, printable

STYLE = re.compile(r"(\x1b\[[0-9]{1,2}(?:;[0-9]{1,2})*m)")
"""It changes how text looks, and nothing else."""
_BOLD, _DIM, _END = "1", "2", "\x1b[0m"
_COLORS = {"red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36"}
_WORDS = {
    "PASS": "green",
    "FAULT": "red",
    "INCONCLUSIVE": "yellow",
    "IDENTICAL": "green",
    "EQUIVALENT": "green",
    "SIMILAR": "cyan",
    "DIFFERENT": "red",
    "INVALID": "magenta",
    "BAD INPUT": "magenta",
}
_COMMANDS = ("axpair ", "export ", "pip ", "chmod ", "cd ", "mkdir ", "pulsar ", "run_joint ")
_SENTENCE = re.compile(r"[;:,.] |\w\.$")
_WORD = r"""(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+"""
"""Of a shell's line: no break within quotes."""
_UNIT = re.compile(rf"--?\w\S*\s+(?!-|&&|>){_WORD}|{_WORD}")
"""A word, or an option with its value."""
_BETWEEN = "  "
_LEAST_TEXT = 20
"""Columns that a table's cells of text have at least."""
_LEAST_PARAGRAPH, _MOST_PARAGRAPH = 40, 120
_WIDE = "\u2e80-\u303f\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60"
_CLOSING = "、。〉》」』】〕〗！），．：；？］｝"
_OPENING = "〈《「『【〔〖（［｛"
_PIECE = re.compile(rf"\s+|[{_OPENING}]*(?:(?![{_WIDE}])\S)+[{_CLOSING}]*|[{_OPENING}]*[{_WIDE}][{_CLOSING}]*")
"""What stays on one line: a word, or a wide character with what opens before and closes after it."""


def coloured(word: str) -> str:
    """A verdict or relation in its color."""
    return painted(word, _WORDS[word]) if word in _WORDS else word


def painted(text: str, color: str, *, bold: bool = True) -> str:
    """In one of the terminal's own colors, by name."""
    return _styled(text, f"{_BOLD};{_COLORS[color]}" if bold else _COLORS[color])


def bold(text: str) -> str:
    """Emphasised."""
    return _styled(text, _BOLD)


def dim(text: str) -> str:
    """Of lesser weight."""
    return _styled(text, _DIM)


def color_of(word: str) -> str:
    """The color's name of a verdict or relation; "" for none."""
    return _WORDS.get(word, "")


def plain(text: object) -> str:
    """A name, or a short text, from models, files and boards, with control characters spelled out."""
    return printable(text, LONGEST_NAME)


def unstyled(text: str) -> str:
    """Without the codes of its looks."""
    return STYLE.sub("", text)


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    from rich.cells import cell_len

    return cell_len(unstyled(text))


def shortened(text: str, room: int) -> str:
    """Its end, which tells more of a name than its beginning, in so many columns."""
    if width(text) <= room:
        return text
    mark = "…" if can_show("…") else "~"
    while text and width(text) >= room:
        text = text[1:]
    return mark + text


def aligned(rows: Iterable[Sequence[str]], indent: str = "", head: Sequence[str] = ()) -> list[str]:
    """A table: columns under each other, two spaces apart, below a dim head.

    Where the terminal is too narrow, cells go on below themselves, between words; where even that doesn't fit and
    there is a head, each row is told over several lines, below its first cell.
    """
    table = [list(row) for row in rows]
    if not table:
        return []
    every = [list(head), *table] if head else table
    widths = _widths(every, columns() - width(indent))
    if widths is None and head:
        return [line for row in table for line in _told(row, head, indent)]
    lines = [list(_row(row, widths or _natural(every), indent)) for row in every]
    if head:
        lines[0] = [indent + dim(line[len(indent) :]) for line in lines[0]]
    return [line for of_row in lines for line in of_row]


def paragraph(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """A text wrapped to the terminal, 100 columns elsewhere; `first` leads its first line, `rest` the others."""
    return wrapped(printable(text), first, " " * width(first) if rest is None else rest, _room())


def step_lines(step: Mapping[str, Any], indent: str = "", mark: str = "") -> list[str]:
    """What to do next, as `axpair_proto.advice.Next` documents it: the sentence, and below it the command. `mark`: what
    leads it, else "next: "."""
    first = indent + (mark or tr("next: "))
    rest = " " * width(first)
    lines = paragraph(explained(step["text"], step["placeholders"], in_words), first, rest)
    if step["command"]:
        lines += (f"{rest}  {line}" for line in command_lines(step["command"], _room() - len(rest) - 2))
    return lines


def fitted(lines: Iterable[str], room: int | None = None) -> Iterator[str]:
    """Lines as they are; on a terminal, one that is wider goes on below itself, a little further in.

    `room`: the columns, where that isn't stdout. Commands can still be copied.
    """
    room = columns(sys.maxsize) if room is None else room
    for line in lines:
        said = line.lstrip()
        indent = line[: len(line) - len(said)]
        lead = tr("next: ") if said.startswith(tr("next: ")) else ""
        if width(line) <= room:
            yield line
        elif is_command(command := said.removeprefix(lead)):
            first, *more = command_lines(command, room - len(indent + lead))
            yield f"{indent}{lead}{first}"
            yield from (f"{indent}{one}" for one in more)
        else:
            yield from wrapped(said, indent, f"{indent}    ", room)


def is_command(text: str) -> bool:
    """Whether it is a line for a shell and nothing else, not a sentence that begins with one."""
    return text.startswith(_COMMANDS) and not _SENTENCE.search(text)


def command_lines(command: str, room: int) -> list[str]:
    """A shell's command over as many lines as it takes, none broken within a word or between an option and its value:
    it can be copied as a whole."""
    lines, line = [], ""
    for word in _UNIT.findall(command):
        if line and len(line) + len(word) + len("  \\") > room:
            lines.append(f"{line} \\")
            line = f"    {word}"
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _room() -> int:
    return max(min(columns(elsewhere=100), _MOST_PARAGRAPH) - 1, _LEAST_PARAGRAPH)


def _styled(text: str, codes: str) -> str:
    """Nothing stays nothing, so that a line with an empty last column can be trimmed."""
    return f"\x1b[{codes}m{text}{_END}" if text else text


def _natural(table: Sequence[Sequence[str]]) -> list[int]:
    places = range(max(map(len, table)))
    return [max(width(row[at]) for row in table if at < len(row)) for at in places]


def _widths(table: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Of each column, so that a row takes at most so much: the widest give way first. None where that can't be."""
    widths = _natural(table)
    least = [_least(table, at, natural) for at, natural in enumerate(widths)]
    room -= len(_BETWEEN) * (len(widths) - 1)
    while sum(widths) > room:
        giving = [at for at in range(len(widths)) if widths[at] > least[at]]
        if not giving:
            return None
        widths[max(giving, key=lambda at: widths[at])] -= 1
    return widths


def _least(table: Sequence[Sequence[str]], at: int, natural: int) -> int:
    """Columns that one of a table takes at least: its longest word, and enough for a text to be read."""
    longest = max((width(piece) for row in table if at < len(row) for piece in _pieces(row[at])), default=0)
    return max(longest, _LEAST_TEXT) if natural > 2 * _LEAST_TEXT else longest


def _row(row: Sequence[str], widths: Sequence[int], indent: str) -> Iterator[str]:
    cells = [
        _closed(wrapped(cell, "", "", room)) if width(cell) > room else [cell]
        for cell, room in zip(row, widths, strict=False)
    ]
    for line in zip_longest(*cells, fillvalue=""):
        padded = (cell + " " * (room - width(cell)) for cell, room in zip(line, widths, strict=False))
        yield (indent + _BETWEEN.join(padded)).rstrip()


def _closed(lines: Sequence[str]) -> list[str]:
    """Lines of a cell, none of which leaves its looks to what stands beside it."""
    closed, begun = [], ""
    for line in lines:
        codes = STYLE.findall(begun + line)
        still = codes[-1] if codes and codes[-1] != _END else ""
        closed.append(begun + line + (_END if still else ""))
        begun = still
    return closed


def _told(row: Sequence[str], head: Sequence[str], indent: str) -> Iterator[str]:
    """A row over several lines: its first cell that says something, and below it what the others are."""
    named = next((at for at, title in enumerate(head) if title and at < len(row)), 0)
    yield indent + _BETWEEN.join([*(cell for cell in row[:named] if cell), row[named]])
    rest = ([dim(head[at]), cell] for at, cell in enumerate(row) if at > named and cell)
    yield from aligned(rest, indent=indent + _BETWEEN)


def wrapped(text: str, first: str, rest: str, room: int) -> list[str]:
    """A text in lines of so many columns; `first` leads the first, `rest` the others."""
    lines, line, empty = [], first, True
    for piece in _pieces(text):
        if piece.isspace():
            line += piece
        elif empty or width(line) + width(piece) <= room:
            line, empty = line + piece, False
        else:
            lines.append(line.rstrip())
            line = rest + piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    return [found.group() for found in _PIECE.finditer(text)]
