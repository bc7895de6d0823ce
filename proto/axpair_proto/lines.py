"""Lines for people: the one style of tables, wrapped paragraphs, and names that can't play with the terminal.

Lines carry their colors as codes; `axpair_proto.printing` takes them out where stdout takes none. No line breaks
within a word: a path or a command that is longer than the terminal can still be copied. Chinese breaks anywhere but
before what closes.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from axpair_proto.advice import explained, folded
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
_COMMANDS = ("axpair ", "export ")
_BETWEEN = "  "
_LEAST_TEXT = 24
"""Columns that a table's last cell has at least, where it has so much to say."""
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

    Where the terminal is too narrow, the last cells go on below themselves; where even that doesn't fit and there is a
    head, each row is told over several lines, below its first cell.
    """
    table = [list(row) for row in rows]
    if not table:
        return []
    titles = [dim(title) if title else "" for title in head]
    every = [titles, *table] if head else table
    widths = [max((width(row[at]) for row in every if at < len(row)), default=0) for at in _places(every)]
    room = columns() - width(indent)
    before = sum(widths[:-1]) + len(_BETWEEN) * (len(widths) - 1)
    if before + widths[-1] <= room or not _has_room(every, widths, room - before):
        if head and before + widths[-1] > room:
            return [line for row in table for line in _told(row, titles, indent)]
        return [indent + _row(row, widths).rstrip() for row in every]
    lines: list[str] = []
    for row in every:
        lead = indent + _row([*row[: len(widths) - 1], ""], [*widths[:-1], 0])
        rest = " " * (width(indent) + before)
        last = row[-1] if len(row) == len(widths) else ""
        lines += _wrapped(last, lead, rest, width(indent) + room) if last else [lead.rstrip()]
    return lines


def paragraph(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """A text wrapped to the terminal, 100 columns elsewhere; `first` leads its first line, `rest` the others."""
    return _wrapped(printable(text), first, " " * width(first) if rest is None else rest, _room())


def step_lines(step: Mapping[str, Any], indent: str = "", mark: str = "next: ") -> list[str]:
    """What to do next, as `axpair_proto.advice.Next` documents it: the sentence, and below it the command."""
    first, rest = indent + mark, " " * len(indent + mark)
    said = explained(step["text"], step["placeholders"])
    if not step["command"]:
        return paragraph(said, first, rest)
    return [
        *paragraph(said, first, rest),
        *(f"{rest}  {line}" for line in folded(step["command"], _room() - len(rest))),
    ]


def fitted(lines: Iterable[str]) -> Iterator[str]:
    """Lines as they are; on a terminal, one that is wider goes on below itself, a little further in.

    Commands stay whole: they are there to be copied.
    """
    room = columns(sys.maxsize)
    for line in lines:
        if width(line) <= room or unstyled(line).lstrip().removeprefix("next: ").startswith(_COMMANDS):
            yield line
        else:
            said = line.lstrip()
            indent = line[: len(line) - len(said)]
            yield from _wrapped(said, indent, f"{indent}    ", room)


def _room() -> int:
    return max(min(columns(elsewhere=100), _MOST_PARAGRAPH) - 1, _LEAST_PARAGRAPH)


def _styled(text: str, codes: str) -> str:
    """Nothing stays nothing, so that a line with an empty last column can be trimmed."""
    return f"\x1b[{codes}m{text}{_END}" if text else text


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    return _BETWEEN.join(cell + " " * (room - width(cell)) for cell, room in zip(row, widths, strict=False))


def _has_room(table: Sequence[Sequence[str]], widths: Sequence[int], room: int) -> bool:
    """Whether the last cells can be wrapped into what the others leave."""
    last = [row[-1] for row in table if len(row) == len(widths)]
    longest = max((width(piece) for cell in last for piece in _pieces(cell)), default=0)
    return len(widths) > 1 and room >= max(longest, min(widths[-1], _LEAST_TEXT))


def _told(row: Sequence[str], titles: Sequence[str], indent: str) -> Iterator[str]:
    """A row over several lines: its first cell that says something, and below it what the others are."""
    named = next((at for at, title in enumerate(titles) if title and at < len(row)), 0)
    yield indent + _BETWEEN.join([*(cell for cell in row[:named] if cell), row[named]])
    yield from aligned(
        ([titles[at], cell] for at, cell in enumerate(row) if at > named and cell), indent=indent + _BETWEEN
    )


def _wrapped(text: str, first: str, rest: str, room: int) -> list[str]:
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


def _places(table: Sequence[Sequence[str]]) -> range:
    return range(max((len(row) for row in table), default=0))
