"""Reads pulsar2's JSON by protobuf's rules: names as they are or in camelCase, enums by name or number, null = unset.

Whatever breaks a rule is named with its line and left out; the rest is read, so that one fault doesn't hide others.
"""

from __future__ import annotations

import difflib
import types
import typing
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgspec

from axpair_proto.pulsar.tokens import ConfigTextError
from axpair_proto.pulsar2 import relaxed_json as rj
from axpair_proto.pulsar2.schema import MEANT, Anything, BuildConfig

_NEAR = 0.7
"""difflib ratio of a field's name to one that may be meant."""


@dataclass(frozen=True)
class Complaint:
    """Something that pulsar2 wouldn't take, or not surely."""

    kind: str
    """"unknown-field", "unknown-value", "wrong-type", "string-for-list" or "given-twice"."""
    line: int
    path: str
    """Of the field, such as "quant.input_configs[0].calibration_size"."""
    message: str
    write: str
    """What to write instead."""


@dataclass(frozen=True)
class ReadConfig:
    """A configuration as far as it could be read."""

    config: BuildConfig
    complaints: tuple[Complaint, ...]


def parse_build_config(text: str, source: str = "config.json") -> ReadConfig:
    """The configuration in a text. Raises ConfigTextError for broken syntax, or what is no object."""
    value = rj.parse(text, source)
    if not isinstance(value, rj.Object):
        raise ConfigTextError(f"{source} holds no object in braces, as pulsar2's JSON does", next_step="check the file")
    reader = _Reader()
    config = reader.struct(BuildConfig, value, "")
    return ReadConfig(config, tuple(reader.complaints))


def where_known(name: str) -> list[str]:
    """The messages of the schema that have a field of this name, as paths."""
    return [path for path, kind in _messages(BuildConfig, "") if name in _fields(kind)]


class _Refused(Exception):
    """A value that its field can't take; it has been complained of."""


class _Reader:
    def __init__(self) -> None:
        self.complaints: list[Complaint] = []

    def struct(self, kind: type[Any], value: rj.Object, path: str) -> Any:
        """The message of this type; fields that can't be read keep their defaults."""
        fields = _fields(kind)
        given: dict[str, Any] = {}
        seen: dict[str, int] = {}
        for member in value.members:
            name = member.name if member.name in fields else _of_camel(member.name, fields)
            here = f"{path}.{name}" if path else name
            if name not in fields:
                self._unknown(kind, member, path, here)
                continue
            if name in seen:
                self._complain(
                    "given-twice", member.place.line, here, f"{here} is given in line {seen[name]} already", "keep one"
                )
            seen[name] = member.place.line
            try:
                given[name] = self._value(fields[name], member.value, here)
            except _Refused:
                continue
        return kind(**{name: one for name, one in given.items() if one is not _UNSET})

    def _value(self, kind: Any, value: rj.Value, path: str) -> Any:
        if isinstance(value, rj.Scalar) and value.value is None:
            return _UNSET
        if kind is Anything:
            return Anything(msgspec.json.encode(rj.plain(value)))
        if typing.get_origin(kind) is tuple:
            return self._list(typing.get_args(kind)[0], value, path)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if not isinstance(value, rj.Object):
                raise self._wrong(value, path, "an object in braces", _shown(value))
            return self.struct(kind, value, path)
        if not isinstance(value, rj.Scalar):
            raise self._wrong(value, path, "one value", _shown(value))
        return self._scalar(kind, value, path)

    def _list(self, kind: Any, value: rj.Value, path: str) -> tuple[Any, ...]:
        if isinstance(value, rj.Array):
            found = []
            for at, one in enumerate(value.values):
                try:
                    found.append(self._value(kind, one, f"{path}[{at}]"))
                except _Refused:
                    continue
            return tuple(one for one in found if one is not _UNSET)
        one = self._value(kind, value, path)
        shown = _shown(value) if isinstance(value, rj.Scalar) else "{...}"
        self._complain(
            "string-for-list",
            value.place.line,
            path,
            f"{path} is a single value; the reference has a list there, and whether pulsar2 takes it isn't known",
            f'write "{path.rpartition(".")[2]}": [{shown}]',
        )
        return (one,)

    def _scalar(self, kind: Any, value: rj.Scalar, path: str) -> Any:
        given = value.value
        if isinstance(kind, type) and issubclass(kind, IntEnum):
            return self._enum(kind, value, path)
        if kind is str and isinstance(given, str):
            return given
        if kind is bool and isinstance(given, bool):
            return given
        if kind in (int, float) and not isinstance(given, bool):
            try:
                number = float(given) if given is not None else 0.0
                if kind is float or number == int(number):
                    return kind(number)
            except (ValueError, OverflowError):
                pass
        raise self._wrong(value, path, _WORDS[kind], _shown(value))

    def _enum(self, kind: type[IntEnum], value: rj.Scalar, path: str) -> IntEnum:
        given = value.value
        if isinstance(given, str) and given in kind.__members__:
            return kind[given]
        if isinstance(given, int) and not isinstance(given, bool) and given in {int(one) for one in kind}:
            return kind(given)
        names = list(kind.__members__)
        word = given.upper() if isinstance(given, str) else ""
        meant = next((name for name in names if name.upper() == word), MEANT.get(kind.__name__, {}).get(word, ""))
        self._complain(
            "unknown-value",
            value.place.line,
            path,
            f"{path} is {_shown(value)}, which is none of its values: a build stops there",
            f"write {meant}" if meant else f"write one of {', '.join(names)}",
        )
        raise _Refused

    def _unknown(self, kind: type[Any], member: rj.Member, path: str, here: str) -> None:
        names = list(_fields(kind))
        close = difflib.get_close_matches(member.name, names, 3, _NEAR)
        elsewhere = [place or "the top" for place in where_known(member.name)]
        if elsewhere:
            write = f"it belongs to {', '.join(elsewhere[:3])}"
        elif close:
            write = f"did you mean {' or '.join(close)}?"
        else:
            write = f"take it out; {path or 'the top'} has {', '.join(names)}"
        self._complain(
            "unknown-field", member.place.line, here, f"{here} is no field of pulsar2's: a build stops there", write
        )

    def _wrong(self, value: rj.Value, path: str, wanted: str, found: str) -> _Refused:
        self._complain(
            "wrong-type", value.place.line, path, f"{path} is {found}; it has to be {wanted}", f"write {wanted}"
        )
        return _Refused()

    def _complain(self, kind: str, line: int, path: str, message: str, write: str) -> None:
        self.complaints.append(Complaint(kind, line, path, message, write))


_UNSET = object()
_SEEN: dict[type[Any], dict[str, Any]] = {}
"""Field types of each message, which take long to find out."""
_WORDS: dict[Any, str] = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}


def _fields(kind: type[Any]) -> dict[str, Any]:
    if kind not in _SEEN:
        hints = typing.get_type_hints(kind)
        _SEEN[kind] = {name: _without_none(hints[name]) for name in kind.__struct_fields__}
    return _SEEN[kind]


def _without_none(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        return next(one for one in typing.get_args(hint) if one is not type(None))
    return hint


def _messages(kind: type[Any], path: str) -> typing.Iterator[tuple[str, type[Any]]]:
    yield path, kind
    for name, hint in _fields(kind).items():
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and inner is not kind:
            yield from _messages(inner, f"{path}.{name}" if path else name)


def _of_camel(name: str, fields: dict[str, Any]) -> str:
    """The field whose camelCase name this is, as protobuf's JSON has them; else the name itself."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return snake if snake in fields else name


def _shown(value: rj.Value) -> str:
    if isinstance(value, rj.Scalar):
        return rj.json_text(value.value)
    return "a list" if isinstance(value, rj.Array) else "an object in braces"
