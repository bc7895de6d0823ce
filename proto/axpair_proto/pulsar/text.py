"""Reads config.prototxt strictly, and writes it.

Protobuf's own reader stops at the first unknown field, or swallows typos when told to allow them; published samples
hold stray fields. So: a field that nearly is one of its message's is a typo and an error; any other unknown field is
a warning, and what it holds is passed over. So is a documented one that has no effect here.
"""

from __future__ import annotations

import difflib
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import Message

from axpair_proto.pulsar import config_pb2
from axpair_proto.pulsar.passed_over import FIELDS
from axpair_proto.pulsar.tokens import ConfigTextError, Token, tokens
from axpair_proto.pulsar.values import scalar_value

NEAR_MISS = 0.8
"""From this difflib ratio on, an unknown field is taken for a typo."""
MAX_DEPTH = 100


def parse_config(text: str, source: str = "config.prototxt") -> tuple[config_pb2.Config, tuple[str, ...]]:
    """The configuration in a text, and a warning for each unknown field that was passed over.

    Raises ConfigTextError with file, line and column for broken syntax, a typo in a field's name (with the name that
    was meant), an unknown enum value (with those allowed), a value of another type, or a field given twice.
    """
    reader = _Reader(text, source)
    config = config_pb2.Config()
    reader.message(config, closing="")
    return config, tuple(reader.warnings)


def write_config(config: config_pb2.Config) -> str:
    """The configuration as text that `parse_config` and the vendor's tools read."""
    return text_format.MessageToString(config, as_utf8=True)


class _Reader:
    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._words = tokens(text, source)
        self._next = next(self._words)
        self.warnings: list[str] = []

    def message(self, message: Message, closing: str) -> None:
        """Fields up to the closing mark ("" = the text's end) into the message."""
        given: dict[str, Token] = {}
        while True:
            if not closing and self._next.kind == "end":
                return
            if closing and self._take(closing):
                return
            word = self._next
            if word.kind != "name":
                raise self._error(word, f"expected a field's name, found {_shown(word)}")
            self._advance()
            self._field(message, word, given)
            if not self._take(","):
                self._take(";")

    def _field(self, message: Message, word: Token, given: dict[str, Token]) -> None:
        descriptor = message.DESCRIPTOR.fields_by_name.get(word.text)
        if descriptor is None:
            self._unknown(message, word)
            return
        current = getattr(message, word.text)
        repeated = hasattr(current, "extend")
        group = descriptor.containing_oneof.full_name if descriptor.containing_oneof else word.text
        if not repeated and group in given:
            earlier = given[group]
            raise self._error(word, f"{word.text} contradicts {earlier.text} in line {earlier.line}: only one counts")
        given[group] = word
        colon = self._take(":")
        if repeated and self._take("["):
            if self._take("]"):
                return
            self._value(message, descriptor, current, colon=True)
            while not self._take("]"):
                if not self._take(","):
                    raise self._error(self._next, f"expected ',' or ']', found {_shown(self._next)}")
                self._value(message, descriptor, current, colon=True)
            return
        self._value(message, descriptor, current if repeated else None, colon=colon)

    def _value(self, message: Message, descriptor: Any, target: Any, *, colon: bool) -> None:
        if descriptor.message_type is not None:
            closing = {"{": "}", "<": ">"}.get(self._next.text)
            if not closing:
                raise self._error(self._next, f"{descriptor.name} is a message: expected '{{'")
            self._advance()
            part = getattr(message, descriptor.name) if target is None else target.add()
            part.SetInParent()
            self.message(part, closing)
            return
        if not colon:
            raise self._error(self._next, f"expected ':' after {descriptor.name}, found {_shown(self._next)}")
        start = self._next
        words = [self._advance()]
        if start.text == "-":
            words.append(self._advance())
        while start.kind == "string" and self._next.kind == "string":
            words.append(self._advance())
        try:
            value = scalar_value(descriptor, words)
            if target is None:
                setattr(message, descriptor.name, value)
            else:
                target.append(value)
        except (ValueError, TypeError) as error:
            raise self._error(start, f"{descriptor.name}: {error}") from error

    def _unknown(self, message: Message, word: Token) -> None:
        if word.text in FIELDS.get(message.DESCRIPTOR.name, ()):
            self.warnings.append(
                f"{self._source}:{word.line}: {word.text} of {message.DESCRIPTOR.name} has no effect here"
            )
            self._skip_value()
            return
        known = list(message.DESCRIPTOR.fields_by_name)
        close = difflib.get_close_matches(word.text, known, 1, NEAR_MISS)
        if close:
            raise self._error(
                word, f"{message.DESCRIPTOR.name} has no field {word.text!r}", f"did you mean {close[0]!r}?"
            )
        self.warnings.append(
            f"{self._source}:{word.line}: unknown field {word.text!r} in {message.DESCRIPTOR.name}: ignored"
        )
        self._skip_value()

    def _skip_value(self) -> None:
        """Passes over the value of an unknown field: a scalar, a list or a message."""
        closing: list[str] = []
        self._take(":")
        while True:
            word = self._next
            if word.kind == "end":
                raise self._error(word, "the text ends inside the value of an unknown field")
            self._advance()
            if word.text in ("{", "<", "["):
                closing.append({"{": "}", "<": ">", "[": "]"}[word.text])
                if len(closing) > MAX_DEPTH:
                    raise self._error(word, "too many nested brackets")
            elif word.kind == "mark" and word.text in "}>]":
                if not closing or word.text != closing.pop():
                    raise self._error(word, f"{word.text!r} closes nothing")
            elif word.text == "-":
                continue
            if not closing and not (word.kind == "string" and self._next.kind == "string"):
                return

    def _take(self, mark: str) -> bool:
        if self._next.kind == "mark" and self._next.text == mark:
            self._advance()
            return True
        return False

    def _advance(self) -> Token:
        word = self._next
        if word.kind == "end":
            raise self._error(word, "the text ends too early: a value or a closing bracket is missing")
        self._next = next(self._words)
        return word

    def _error(self, word: Token, message: str, next_step: str = "correct the line") -> ConfigTextError:
        return ConfigTextError(f"{self._source}:{word.line}:{word.column}: {message}", next_step=next_step)


def _shown(word: Token) -> str:
    return "the end of the text" if word.kind == "end" else repr(word.text)
