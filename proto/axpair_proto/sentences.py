"""Sentences for people: English everywhere, and in the reader's language where they are shown.

Findings are made of clauses, so they remember: a `Sentence` is an English text with its template and the values in it.
The template is looked up in a catalogue and the values are filled in afterwards. It is a `str`: documents, logs, rows
and comparisons see English, and whatever makes another text of it (an f-string, `strip`) keeps English too.

Messages of errors are single plain texts, raised in hundreds of places and sent over the wire. They are recognized,
when they are shown, by their template: the f-string with its values numbered, such as "{0}: can't be read: {1}".

What has no entry in the catalogue is shown in English as a whole; nothing breaks for want of a translation.
"""

import math
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar

LANGUAGES = ("en", "zh")

T = TypeVar("T")

_FEWEST_LETTERS = 6
"""Of a numbered template, besides its values: with fewer it fits texts that weren't made of it."""


_NONFINITE = "nonfinite"


class Sentence(str):
    """An English text made of a template and values, or of other texts one after the other."""

    __slots__ = ("parts", "separator", "template", "values")
    template: str
    """Key of the catalogue: what `str.format` takes where there are values, else the text itself; "" of parts."""
    values: Mapping[str, Any]
    """Texts, numbers and sentences, by their names in the template."""
    parts: tuple[str, ...]
    separator: str

    def __new__(cls, template: str, values: Mapping[str, Any] | None = None) -> "Sentence":
        values = {name: _plain(value) for name, value in (values or {}).items()}
        return cls._made(template.format(**values) if values else template, template, values, (), "")

    @classmethod
    def of(cls, text: str) -> "Sentence":
        """The text itself where it is one, else one without values: for messages, which are sentences all of them."""
        return text if isinstance(text, Sentence) else cls(text)

    @classmethod
    def of_parts(cls, separator: str, parts: Sequence[str]) -> "Sentence":
        """Texts, one after the other."""
        return cls._made(separator.join(parts), "", {}, tuple(parts), separator)

    @classmethod
    def _made(
        cls, text: str, template: str, values: Mapping[str, Any], parts: tuple[str, ...], separator: str
    ) -> "Sentence":
        self = super().__new__(cls, text)
        self.template, self.values, self.parts, self.separator = template, values, parts, separator
        return self

    def filled(self, **values: Any) -> "Sentence":
        """The same with these values in place of those of their names."""
        return Sentence(self.template, {**self.values, **values})

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence._made, (str(self), self.template, self.values, self.parts, self.separator)

    def __add__(self, other: str) -> "Sentence":
        return Sentence.of_parts("", (self, other)) if other else self

    def __radd__(self, other: str) -> "Sentence":
        return Sentence.of_parts("", (other, self)) if other else self


def say(template: str, /, **values: Any) -> Sentence:
    """An English sentence; without values its template is taken as it is, braces too.

    Raises KeyError or IndexError where the template wants a value that isn't given.
    """
    return Sentence(template, values)


def joined(separator: str, texts: Iterable[str]) -> Sentence:
    """As `separator.join(texts)`, with what each of them remembers."""
    return Sentence.of_parts(separator, tuple(texts))


def tr(template: str, /, **values: Any) -> str:
    """A sentence as it is shown: for words that are never stored."""
    return _language.shown(Sentence(template, values))


def translated(value: T) -> T:
    """`value` with each sentence in it, at any depth of lists, dictionaries and msgspec's structs, as it is shown. Keys
    stay."""
    shown: T = _language.deep(value)
    return shown


def in_words(text: str) -> str:
    """A message of ours as it is shown, whether it remembers how it was made or is recognized."""
    return _language.shown(Sentence.of(text))


def for_documents(value: Any) -> Any:
    """A document as it is written: in English, unless another language was asked for by name."""
    return _language.deep(value) if _language.in_documents else value


def remember(table: dict[str, Any], value: Any) -> str:
    """The English text of a sentence, for a file; how it was made goes into `table` as JSON, by that text.

    With `table` bound, an `enc_hook` of msgspec. Raises TypeError for anything but a sentence.
    """
    if not isinstance(value, Sentence):
        raise TypeError(f"{type(value).__name__} is no value of a document")
    text = str(value)
    if text not in table:
        if value.parts:
            table[text] = {"separator": value.separator, "parts": list(value.parts)}
        else:
            values = {name: _held(each) for name, each in value.values.items()}
            table[text] = {"template": value.template, "values": values} if values else None
        for each in (*value.parts, *value.values.values()):
            if isinstance(each, Sentence):
                remember(table, each)
    return text


def remembered(value: Any) -> dict[str, Any]:
    """The table that `recalled` takes, of every sentence in lists and dictionaries."""
    table: dict[str, Any] = {}
    if isinstance(value, Sentence):
        remember(table, value)
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            table.update(remembered(each))
    return table


def recalled(value: Any, table: Mapping[str, Any]) -> Any:
    """`value`, made of JSON, with the sentences that `table` knows; only what the catalogue in force has, since the
    table may come from anybody's file. Where the two don't fit, the text stays as it is."""
    return _recalled(value, table, {}) if _language.catalogue and table else value


@contextmanager
def speaking(catalogue: Mapping[str, str], *, in_documents: bool = False) -> Iterator[None]:
    """While the block lasts, show what this catalogue has: template to the same in another language. {}: English."""
    global _language
    before = _language
    _language = _Language(catalogue, in_documents)
    try:
        yield
    finally:
        _language = before


class _Language:
    """What is in force."""

    def __init__(self, catalogue: Mapping[str, str], in_documents: bool = False) -> None:
        self.catalogue = catalogue
        self.in_documents = in_documents

    def deep(self, value: Any) -> Any:
        if not self.catalogue:
            return value
        if isinstance(value, Sentence):
            return self.shown(value)
        if isinstance(value, Mapping):
            return {key: self.deep(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            found = [self.deep(each) for each in value]
            return tuple(found) if isinstance(value, tuple) else found
        if fields := getattr(value, "__struct_fields__", ()):
            return type(value)(**{name: self.deep(getattr(value, name)) for name in fields})
        return value

    def shown(self, sentence: Sentence) -> str:
        if not self.catalogue:
            return sentence
        if not sentence.template:
            between = self.catalogue.get(sentence.separator, sentence.separator)
            return between.join(str(self.deep(part)) for part in sentence.parts)
        template = self.catalogue.get(sentence.template)
        if template is None:
            return str(sentence) if sentence.values else self._recognized(sentence) or str(sentence)
        if not sentence.values:
            return template
        try:
            return template.format(**{name: self.deep(value) for name, value in sentence.values.items()})
        except (LookupError, ValueError, TypeError):
            return str(sentence)

    @cached_property
    def _patterns(self) -> "list[_Pattern]":
        """Of the numbered templates, the most telling ones first."""
        found = [_Pattern(template, shown) for template, shown in self.catalogue.items() if "{0}" in template]
        return sorted((one for one in found if one.letters >= _FEWEST_LETTERS), key=lambda one: -one.letters)

    def _recognized(self, text: str) -> str:
        """A plain text, or what of it is known; "" where it is made of no template of the catalogue."""
        if text in self.catalogue:
            return self.catalogue[text]
        for pattern in self._patterns:
            values = pattern.values(text)
            if values is not None:
                # A single word is a name, and stays.
                said = [(self._recognized(value) if " " in value else "") or value for value in values]
                return pattern.shown.format(*said)
        for separator in ("; ", ": "):
            first, found, rest = text.partition(separator)
            if found and any(said := [self._recognized(first), self._recognized(rest)]):
                return (said[0] or first) + self.catalogue.get(separator, separator) + (said[1] or rest)
        return ""


_language = _Language({})


class _Pattern:
    """A template with numbered values, and how it is found in a text that was made of it."""

    def __init__(self, template: str, shown: str) -> None:
        pieces = list(string.Formatter().parse(template))
        self.shown = shown
        self.letters = sum(len(literal) for literal, *_ in pieces)
        self._longest = max((literal for literal, *_ in pieces), key=len)
        self._expression = "".join(
            re.escape(literal) + ("(.*?)" if name is not None else "") for literal, name, *_ in pieces
        )

    def values(self, text: str) -> list[str] | None:
        """In their order; None where the text isn't made of this template."""
        found = re.fullmatch(self._expression, text, re.DOTALL) if self._longest in text else None
        return list(found.groups()) if found else None


def _plain(value: Any) -> Any:
    """A value that a format takes and a document holds: numbers of numpy as Python's own, paths and errors as text."""
    if value is None or isinstance(value, str | int | float | list | tuple | dict):
        return value
    return value.item() if getattr(value, "ndim", None) == 0 else str(value)


def _held(value: Any) -> Any:
    """A value as JSON has it, which knows no infinities and no NaN."""
    return {_NONFINITE: str(value)} if isinstance(value, float) and not math.isfinite(value) else value


def _released(value: Any) -> Any:
    """The inverse of `_held`. Raises ValueError where no number is held."""
    return float(value[_NONFINITE]) if isinstance(value, dict) and set(value) == {_NONFINITE} else value


def _recalled(value: Any, table: Mapping[str, Any], made: dict[str, str]) -> Any:
    if isinstance(value, str):
        if value in table and value not in made:
            made[value] = value  # whatever it is made of can't be itself
            made[value] = _remade(value, table[value], table, made)
        return made.get(value, value)
    if isinstance(value, dict):
        return {key: _recalled(each, table, made) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_recalled(each, table, made) for each in value]
    return value


def _remade(text: str, how: Any, table: Mapping[str, Any], made: dict[str, str]) -> str:
    try:
        if how is None:
            return Sentence(text)
        if "parts" in how:
            sentence = Sentence.of_parts(how["separator"], _recalled(how["parts"], table, made))
        elif how["template"] in _language.catalogue:
            values = {name: _released(each) for name, each in how["values"].items()}
            sentence = Sentence(how["template"], _recalled(values, table, made))
        else:
            return text
    except (AttributeError, LookupError, ValueError, TypeError):
        return text
    return sentence if sentence == text else text
