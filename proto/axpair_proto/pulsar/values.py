"""Scalar values of protobuf text: enums by name, numbers within their field's range, quoted strings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from axpair_proto.pulsar.tokens import Token

_INTEGER_TYPES = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64)
_UNSIGNED_TYPES = (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64)
_FLOAT_TYPES = (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE)
_BOOLEANS = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}
_ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "a": b"\a", "b": b"\b", "f": b"\f", "v": b"\v"} | {
    mark: mark.encode() for mark in "\\?'\""
}
_ESCAPE = re.compile(
    rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|(.))", re.DOTALL
)

_NEAR, _FAR = 0.8, 0.6
"""difflib ratios: of a value that is meant, and of the next that then can't be."""


def scalar_value(field: Any, words: Sequence[Token]) -> Any:
    """The value that the words spell for a field's type. Raises ValueError with what was expected."""
    text = "".join(word.text for word in words)
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return _enum(field.enum_type, text)
    if kind == FieldDescriptor.CPPTYPE_STRING:
        if words[0].kind != "string":
            raise ValueError(f"expected a quoted string, found {text!r}")
        return _text([word.text[1:-1] for word in words])
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        if text not in _BOOLEANS:
            raise ValueError(f"expected true or false, found {text!r}")
        return _BOOLEANS[text]
    if kind in _FLOAT_TYPES:
        return _float(text)
    if kind in _INTEGER_TYPES or kind in _UNSIGNED_TYPES:
        return _integer(text)
    raise ValueError(f"a field of this type can't be given as {text!r}")


def _enum(enum_type: Any, text: str) -> int:
    value = enum_type.values_by_name.get(text)
    if value is None and text.isdecimal():
        value = enum_type.values_by_number.get(int(text))
    if value is None:
        allowed = ", ".join(enum_type.values_by_name)
        meant = _meant(text, list(enum_type.values_by_name))
        raise ValueError(f"{text!r} is not one of {allowed}{f'; did you mean {meant}?' if meant else ''}")
    return int(value.number)


def _meant(text: str, names: list[str]) -> str:
    """The only value that a slip of the pen can have come from; "" where two could be, which mean different things.

    What all names begin with says nothing: by it any value is near any other.
    """
    prefix = next(
        (start for at in range(len(names[0]), 0, -1) if (start := names[0][:at])[-1] == "_" and _all(names, start)), ""
    )
    given = text.upper().removeprefix(prefix)
    near = sorted(
        ((difflib.SequenceMatcher(None, given, name.removeprefix(prefix)).ratio(), name) for name in names),
        reverse=True,
    )
    (best, name), (second, _) = near[0], near[1] if len(near) > 1 else (0.0, "")
    return name if best == 1 or (best >= _NEAR and second < _FAR) else ""


def _all(names: list[str], start: str) -> bool:
    return all(name.startswith(start) for name in names)


def _float(text: str) -> float:
    plain = text.lower()
    try:
        return float(plain if plain.lstrip("-") in ("inf", "infinity", "nan") else plain.rstrip("f"))
    except ValueError:
        raise ValueError(f"expected a number, found {text!r}") from None


def _integer(text: str) -> int:
    digits = text.lstrip("-")
    try:
        octal = len(digits) > 1 and digits.isdigit() and digits.startswith("0")
        value = int(digits, 8) if octal else int(digits, 0)
    except ValueError:
        raise ValueError(f"expected a whole number, found {text!r}") from None
    return -value if text.startswith("-") else value


def _text(parts: Sequence[str]) -> str:
    """What the letters and escapes of adjacent strings say: those of digits are bytes of UTF-8."""
    try:
        return b"".join(_ESCAPE.sub(_unescape, part.encode()) for part in parts).decode()
    except UnicodeError:
        raise ValueError(f"the escapes of {' '.join(parts)!r} make no UTF-8") from None


def _unescape(found: re.Match[bytes]) -> bytes:
    octal, hexadecimal, short, long, letter = found.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if short or long:
        code = int(short or long, 16)
        if code > 0x10FFFF:
            raise ValueError(f"{found.group().decode()} is no character")
        return chr(code).encode()
    mark = letter.decode("latin-1")
    if mark not in _ESCAPES:
        raise ValueError(
            f"the string has the escape \\{mark if mark.isprintable() else '?'}, which there isn't; a backslash itself "
            "is written \\\\, and paths take / on every system"
        )
    return _ESCAPES[mark]
