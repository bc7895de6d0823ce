"""Sentences for people: English everywhere, and in the reader's language where they are shown.

A `Sentence` is an English text that remembers its template and the values in it, so that the template can be looked up
in a catalogue and the values be filled in afterwards. It is a `str`: documents, logs, rows and comparisons see English,
and whatever makes another text of it (an f-string, `strip`) keeps English too. What has no entry in the catalogue is
shown in English as a whole; nothing breaks for want of a translation.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

_catalogue: Mapping[str, str] = {}
_in_documents = False
_READY = "{shown}"
LANGUAGES = ("en", "zh")


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
    def told(cls, text: str, shown: str) -> "Sentence":
        """An English text that somebody else has put into the language in force."""
        return cls._made(text, _READY, {"shown": shown}, (), "")

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
    return _in(_catalogue, Sentence(template, values)) if _catalogue else Sentence(template, values)


def translated(value: Any) -> Any:
    """`value` with each sentence in it, at any depth of lists and dictionaries, as it is shown. Keys stay."""
    return _deep(_catalogue, value) if _catalogue else value


def in_words(text: str) -> str:
    """A message of ours as it is shown: also one that was given as plain text, if it has no values."""
    return str(translated(Sentence.of(text)))


def for_documents(value: Any) -> Any:
    """A document as it is written: in English, unless another language was asked for by name."""
    return _deep(_catalogue, value) if _catalogue and _in_documents else value


def remember(table: dict[str, Any], value: Any) -> str:
    """The English text of a sentence, for a file; how it was made goes into `table` as JSON, by that text.

    With `table` bound, an `enc_hook` of msgspec. Raises TypeError for anything but a sentence.
    """
    if not isinstance(value, Sentence):
        raise TypeError(f"{type(value).__name__} is no value of a document")
    if value not in table and (value.template or value.parts):
        inside = value.values.values() if value.template else value.parts
        made = {"template": value.template, "values": dict(value.values)}
        table[str(value)] = made if value.template else {"separator": value.separator, "parts": list(value.parts)}
        for each in inside:
            if isinstance(each, Sentence):
                remember(table, each)
    return str(value)


def recalled(value: Any, table: Mapping[str, Any]) -> Any:
    """`value`, made of JSON, with the sentences that `table` knows; only what the catalogue in force has, since the
    table may come from anybody's file. Where the two don't fit, the text stays as it is."""
    return _recalled(value, table, {}) if _catalogue and table else value


def speak(catalogue: Mapping[str, str], *, in_documents: bool = False) -> None:
    """From now on show what this catalogue has: template to the same in another language. {}: English."""
    global _catalogue, _in_documents
    _catalogue, _in_documents = catalogue, in_documents


@contextmanager
def speaking(catalogue: Mapping[str, str], *, in_documents: bool = False) -> Iterator[None]:
    """`speak` while the block lasts."""
    before = _catalogue, _in_documents
    speak(catalogue, in_documents=in_documents)
    try:
        yield
    finally:
        speak(before[0], in_documents=before[1])


def _plain(value: Any) -> Any:
    """A value that a format takes and a document holds: numbers of numpy as Python's own, paths and errors as text."""
    if value is None or isinstance(value, str | int | float | list | tuple | dict):
        return value
    return value.item() if getattr(value, "ndim", None) == 0 else str(value)


def _deep(catalogue: Mapping[str, str], value: Any) -> Any:
    if isinstance(value, Sentence):
        return _in(catalogue, value)
    if isinstance(value, Mapping):
        return {key: _deep(catalogue, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(catalogue, each) for each in value]
    return value


def _recalled(value: Any, table: Mapping[str, Any], made: dict[str, str]) -> Any:
    if isinstance(value, str):
        if value in table and value not in made:
            made[value] = value  # whatever it is made of can't be itself
            made[value] = _remade(value, table[value], table, made)
        return made.get(value, value)
    if isinstance(value, dict):
        return {key: _recalled(each, table, made) for key, each in value.items()}
    if isinstance(value, list):
        return [_recalled(each, table, made) for each in value]
    return value


def _remade(text: str, how: Any, table: Mapping[str, Any], made: dict[str, str]) -> str:
    try:
        if how.get("template"):
            if how["template"] not in _catalogue:
                return text
            sentence = Sentence(how["template"], _recalled(how["values"], table, made))
        else:
            sentence = Sentence.of_parts(how["separator"], _recalled(how["parts"], table, made))
    except (AttributeError, LookupError, ValueError, TypeError):
        return text
    return sentence if sentence == text else text


def _in(catalogue: Mapping[str, str], sentence: Sentence) -> str:
    if not sentence.template:
        between = catalogue.get(sentence.separator, sentence.separator)
        return between.join(str(_deep(catalogue, part)) for part in sentence.parts)
    template = _READY if sentence.template == _READY else catalogue.get(sentence.template)
    if template is None:
        return str(sentence)
    if not sentence.values:
        return template
    try:
        return template.format(**{name: _deep(catalogue, value) for name, value in sentence.values.items()})
    except (LookupError, ValueError, TypeError):
        return str(sentence)
