"""Reading JSON documents of others field by field: each of its type and within bounds, or named with its place."""

import math
import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

from axpair_proto.errors import ContractError

MOST = (1 << 63) - 1
"""Numbers of the wire stay below 2^63."""


class Fields:
    """One object of a document. Keys that nobody asks for are ignored: a later release may say more."""

    def __init__(self, document: object, where: str) -> None:
        """`where` names the object in errors. Raises ContractError where it is none."""
        self._where = where
        if not isinstance(document, Mapping):
            raise ContractError(f"{where} is {shown(document)}, not an object")
        self._document: Mapping[str, Any] = document

    def text(self, key: str, longest: int, default: str | None = None) -> str:
        """A text of at most `longest` characters that UTF-8 can hold; `default` where there is none."""
        return checked_text(self._get(key, default), f"{self._where}: {key}", longest)

    def number(self, key: str, least: int = 0, most: int = MOST, default: int | None = None) -> int:
        """A whole number from `least` to `most`."""
        return checked_number(self._get(key, default), f"{self._where}: {key}", least, most)

    def real(self, key: str, default: float | None = None) -> float:
        """A finite number."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            raise ContractError(f"{self._where}: {key} is {shown(value)}, not a finite number")
        return float(value)

    def flag(self, key: str, default: bool | None = None) -> bool:
        """True or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise ContractError(f"{self._where}: {key} is {shown(value)}, not true or false")
        return value

    def items(self, key: str, most: int) -> list[Any]:
        """A list of at most `most` things."""
        return checked_list(self._get(key, None), f"{self._where}: {key}", most)

    def objects(self, key: str, most: int) -> Iterator["Fields"]:
        """The objects of a list of at most `most`."""
        for index, item in enumerate(self.items(key, most)):
            yield Fields(item, f"{self._where}: {key}[{index}]")

    def texts(self, key: str, most: int, longest_key: int, longest: int) -> dict[str, str]:
        """An object of at most `most` texts by name."""
        where = f"{self._where}: {key}"
        value = self._get(key, None)
        if not isinstance(value, Mapping) or len(value) > most:
            raise ContractError(f"{where} is {shown(value)}, not an object of at most {most} texts")
        return {
            checked_text(name, f"{where}: a name", longest_key): checked_text(text, f"{where}: {name:.40}", longest)
            for name, text in value.items()
        }

    def document(self, key: str) -> Mapping[str, Any]:
        """An object within it, unread."""
        return Fields(self._get(key, None), f"{self._where}: {key}")._document

    def _get(self, key: str, default: object) -> object:
        if key in self._document:
            return self._document[key]
        if default is None:
            raise ContractError(f"{self._where} has no {key!r}")
        return default


def checked_text(value: object, where: str, longest: int) -> str:
    """The value where it is a text of at most `longest` characters that UTF-8 can hold; else raises ContractError."""
    if not isinstance(value, str):
        raise ContractError(f"{where} is {shown(value)}, not a text")
    if len(value) > longest:
        raise ContractError(f"{where} has {len(value)} characters, at most {longest} are taken: {shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ContractError(f"{where} has halves of characters: {shown(value)}") from None
    return value


def checked_number(value: object, where: str, least: int = 0, most: int = MOST) -> int:
    """The value where it is a whole number from `least` to `most`; else raises ContractError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ContractError(f"{where} is {shown(value)}, not a whole number")
    if not least <= value <= most:
        raise ContractError(f"{where} is {shown(value)}, not from {least} to {most}")
    return value


def checked_list(value: object, where: str, most: int) -> list[Any]:
    """The value where it is a list of at most `most` things; else raises ContractError."""
    if not isinstance(value, list | tuple):
        raise ContractError(f"{where} is {shown(value)}, not a list")
    if len(value) > most:
        raise ContractError(f"{where} has {len(value)} entries, at most {most} are taken")
    return list(value)


def shown(value: object) -> str:
    """Any value for people: short, whatever its size and depth, and in ASCII."""
    if isinstance(value, str):
        return ascii(value[:40])
    if isinstance(value, int) and value.bit_length() > MOST.bit_length():
        return f"a number of {value.bit_length()} bits"
    return ascii(_SHORT.repr(value))[1:-1]


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 40
_SHORT.maxlevel = 2


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
