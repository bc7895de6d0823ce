"""JSON with comments and trailing commas, as pulsar2 takes it; every value knows its place in the text."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from dataclasses import dataclass

from axpair_proto.pulsar.tokens import ConfigTextError

MAX_DEPTH = 100
_BLANK = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|\#[^\n]*|/\*.*?\*/)+", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NUMBER = re.compile(r"-?(?:Infinity|NaN|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_WORD = re.compile(r"true|false|null")
_WORDS = {"true": True, "false": False, "null": None}

Plain = str | int | float | bool | None


@dataclass(frozen=True)
class Place:
    """Where something begins in the text, both from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Scalar:
    """A string, number, true, false or null."""

    value: Plain
    place: Place


@dataclass(frozen=True)
class Array:
    """A list."""

    values: tuple[Value, ...]
    place: Place


@dataclass(frozen=True)
class Member:
    """A field of an object."""

    name: str
    place: Place
    value: Value


@dataclass(frozen=True)
class Object:
    """Fields in the order of the text; a name may come twice."""

    members: tuple[Member, ...]
    place: Place


Value = Scalar | Array | Object


def parse(text: str, source: str) -> Value:
    """The one value that a text holds. Raises ConfigTextError with file, line and column for anything else."""
    reader = _Reader(text, source)
    value = reader.value(0)
    reader.blank()
    if reader.at < len(text):
        raise reader.error(f"expected the end of the text, found {reader.found()}")
    return value


def begins_object(text: str) -> bool:
    """Whether the first thing in a text, comments apart, is an opening brace."""
    found = _BLANK.match(text)
    return text.startswith("{", found.end() if found else 0)


def plain(value: Value) -> object:
    """The value as Python's json module would give it; of a name that comes twice the last counts."""
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, Array):
        return [plain(one) for one in value.values]
    return {member.name: plain(member.value) for member in value.members}


def json_text(value: Plain) -> str:
    """As JSON has it, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Reader:
    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self.at = 0

    def blank(self) -> None:
        """Passes over blanks and comments."""
        found = _BLANK.match(self._text, self.at)
        if found:
            self.at = found.end()

    def value(self, depth: int) -> Value:
        """The next value."""
        self.blank()
        place = self._place()
        if depth > MAX_DEPTH:
            raise self.error("too many nested brackets")
        if self._take("{"):
            return Object(tuple(self._members(depth)), place)
        if self._take("["):
            return Array(tuple(self._values(depth)), place)
        return Scalar(self._scalar(), place)

    def found(self) -> str:
        """What comes next, for a message."""
        return repr(self._text[self.at]) if self.at < len(self._text) else "the end of the text"

    def error(self, message: str) -> ConfigTextError:
        """At the present place."""
        place = self._place()
        return ConfigTextError(
            f"{self._source}:{place.line}:{place.column}: {message}", next_step="correct the line; it is read as JSON"
        )

    def _members(self, depth: int) -> list[Member]:
        found: list[Member] = []
        while not self._closed("}", "a field", bool(found)):
            place = self._place()
            if not self._text.startswith('"', self.at):
                raise self.error(f"expected a field's name in double quotes, found {self.found()}")
            name = self._string()
            self.blank()
            if not self._take(":"):
                raise self.error(f"expected ':' after {name!r}, found {self.found()}")
            found.append(Member(name, place, self.value(depth + 1)))
        return found

    def _values(self, depth: int) -> list[Value]:
        found: list[Value] = []
        while not self._closed("]", "a value", bool(found)):
            found.append(self.value(depth + 1))
        return found

    def _closed(self, mark: str, wanted: str, after: bool) -> bool:
        """Whether the bracket closes here, one comma before it or none; else the next part may be read."""
        self.blank()
        if self._take(mark):
            return True
        if after:
            if not self._take(","):
                raise self.error(f"expected ',' or {mark!r}, found {self.found()}")
            self.blank()
            if self._take(mark):
                return True
        if self.at >= len(self._text):
            raise self.error(f"expected {wanted} or {mark!r}, found {self.found()}")
        return False

    def _scalar(self) -> Plain:
        if self._text.startswith('"', self.at):
            return self._string()
        for pattern in (_NUMBER, _WORD):
            found = pattern.match(self._text, self.at)
            if found:
                self.at = found.end()
                return _WORDS[found.group()] if pattern is _WORD else _number(found.group())
        raise self.error(f"expected a value, found {self.found()}")

    def _string(self) -> str:
        found = _STRING.match(self._text, self.at)
        if not found:
            raise self.error("a string that never ends")
        try:
            value: str = json.loads(found.group(), strict=False)
        except ValueError:
            raise self.error("a backslash in a string that means nothing") from None
        self.at = found.end()
        return value

    def _take(self, mark: str) -> bool:
        if self._text.startswith(mark, self.at):
            self.at += 1
            return True
        return False

    def _place(self) -> Place:
        line = bisect_left(self._breaks, self.at)
        return Place(line + 1, self.at - (self._breaks[line - 1] if line else -1))


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text.replace("Infinity", "inf"))
