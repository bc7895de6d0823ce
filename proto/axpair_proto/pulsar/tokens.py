"""Splits protobuf text into words that know their line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from axpair_proto.errors import ContractError

_WORD = re.compile(
    r"""(?P<blank>[ \t\r\n\f\v]+|\#[^\n]*)
      |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
      |(?P<number>0[xX][0-9a-fA-F]+ | (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?)
      |(?P<string>"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
      |(?P<mark>[{}<>\[\]:,;./-])""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word of the text."""

    kind: str
    """"name", "number", "string", "mark" or "end"."""
    text: str
    line: int
    """From 1."""
    column: int
    """From 1."""


class ConfigTextError(ContractError):
    """The text of a configuration can't be read; the message starts with file, line and column."""


def tokens(text: str, source: str) -> Iterator[Token]:
    """The words in order, ended by one of kind "end". Raises ConfigTextError at a character that starts none."""
    position, line, line_start = 0, 1, 0
    while position < len(text):
        found = _WORD.match(text, position)
        if not found:
            column = position - line_start + 1
            what = "a string that never ends" if text[position] in "\"'" else f"the character {text[position]!r}"
            raise ConfigTextError(f"{source}:{line}:{column}: {what} doesn't belong here", next_step="correct the line")
        if found.lastgroup and found.lastgroup != "blank":
            yield Token(found.lastgroup, found.group(), line, position - line_start + 1)
        breaks = found.group().count("\n")
        if breaks:
            line += breaks
            line_start = position + found.group().rindex("\n") + 1
        position = found.end()
    yield Token("end", "", line, position - line_start + 1)
