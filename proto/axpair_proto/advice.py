"""What to do next: a sentence, a whole command that can be pasted into the shell that called, or both.

A command knows its words. Who raises an error inside a call seldom knows how that was called: `Again` says what the
same call lacks or has too much, and the program that was called makes the command of it.
"""

import itertools
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


class Unknown(str):
    """A word of a command that only its reader knows, in capitals, such as MODEL.onnx."""

    stands_for: str

    def __new__(cls, word: str, stands_for: str) -> "Unknown":
        """`stands_for`: what to put in its place, in words."""
        made = super().__new__(cls, word)
        made.stands_for = stands_for
        return made


class Operator(str):
    """A word that is the shell's own: &&, >, 2>&1."""

    __slots__ = ()


AND, INTO, ERRORS_TOO = Operator("&&"), Operator(">"), Operator("2>&1")
OPERATORS = (AND, INTO, ERRORS_TOO)


@dataclass(frozen=True)
class Command:
    """One line for bash or zsh."""

    words: tuple[str, ...]

    @staticmethod
    def of(*words: "str | Path") -> "Command":
        """From words and paths as they are, unquoted."""
        return Command(tuple(str(one) if isinstance(one, Path) else one for one in words))

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """What its reader has to put in, each once."""
        return tuple(dict.fromkeys(one for one in self.words if isinstance(one, Unknown)))

    def line(self) -> str:
        """As it is pasted."""
        return " ".join(one if isinstance(one, Operator) else shell_quoted(one) for one in self.words)

    def from_folder(self, folder: Path) -> "Command":
        """The same for a shell that stands elsewhere: it goes to the folder first."""
        there = folder.resolve()
        return self if there == Path.cwd().resolve() else Command(("cd", str(there), AND, *self.words))


@dataclass(frozen=True)
class Again:
    """The call that failed, with other options; each value stands where the option's own one stood, else at the end."""

    put: tuple[tuple[str, str], ...] = ()
    """Options with their values. An option that may be given several times is added by `more`."""
    more: tuple[str, ...] = ()
    """Words at the end."""
    without: tuple[str, ...] = ()
    """Options that go, with their values."""
    without_flags: tuple[str, ...] = ()
    """Options without values that go."""

    def of(self, call: Sequence[str]) -> Command:
        """`call`: the program and its arguments."""
        words = list(call)
        end = words.index("--") if "--" in words else len(words)
        kept, rest = words[:end], words[end:]
        for option in self.without:
            kept = _without(kept, option)
        kept = [one for one in kept if one not in self.without_flags]
        for option, value in self.put:
            kept = [*_without(kept, option), option, value]
        return Command((*kept, *self.more, *rest))


def _without(words: Sequence[str], option: str) -> list[str]:
    """The words without an option, as --name VALUE or --name=VALUE."""
    kept, skip = [], False
    for one in words:
        if skip:
            skip = False
        elif one == option:
            skip = True
        elif not one.startswith(f"{option}="):
            kept.append(one)
    return kept


@dataclass(frozen=True)
class Next:
    """A step that is proposed."""

    text: str = ""
    """A sentence, or the words behind "next:"; "" where the command says all."""
    command: Command | Again | None = None

    def of(self, call: Sequence[str]) -> "Next":
        """With a whole command in place of a changed call; without one where the call isn't known."""
        if not isinstance(self.command, Again):
            return self
        return replace(self, command=self.command.of(call) if call else None)

    def document(self) -> dict[str, Any]:
        """JSON form: text, command as it is pasted or None, and its placeholders with what they stand for."""
        unknown = self.command.unknown if isinstance(self.command, Command) else ()
        return {
            "text": self.text,
            "command": self.line or None,
            "placeholders": {str(one): one.stands_for for one in unknown},
        }

    @property
    def said(self) -> str:
        """The sentence, with what stands for something in the command."""
        return explained(self.text, self.document()["placeholders"])

    @property
    def line(self) -> str:
        """The command as it is pasted; "" without one."""
        return self.command.line() if isinstance(self.command, Command) else ""

    @property
    def one_line(self) -> str:
        """All of it, where no second line can be had."""
        return ": ".join(filter(None, [self.said, self.line]))

    def __bool__(self) -> bool:
        return bool(self.text or self.command)

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.said, self.line]))


def explained(text: str, placeholders: Mapping[str, str]) -> str:
    """The sentence before a command, with what its placeholders stand for."""
    if not placeholders:
        return text
    meant = "; ".join(f"{word} stands for {meaning}" for word, meaning in placeholders.items())
    return f"{text.rstrip('.:')} ({meant}):" if text else f"{meant}:"


def shell_quoted(text: str) -> str:
    """The word for bash and zsh; names with control characters or bytes that are no text are spelled out."""
    if text.isprintable():
        return shlex.quote(text)
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}" for byte in os.fsencode(text))
    return f"$'{''.join(plain)}'"


_WORD = r"""(?:[^\s'"]|'[^']*'|"[^"]*")+"""
_OPTION = re.compile(rf"-\S+ (?!-|&&){_WORD}|{_WORD}")
"""An option with its value, or a word."""


def folded(line: str, room: int) -> list[str]:
    """A command over several lines of at most `room` columns, where its words allow that; it can still be pasted."""
    lines = [""]
    for word in _OPTION.findall(line):
        if lines[-1] and len(lines[-1]) + len(word) + 3 > room:
            lines[-1] += " \\"
            lines.append(f"  {word}")
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def free_name(path: Path, *, taken: Sequence[Path] = ()) -> Path:
    """The path itself where nothing lies there, else the same with a number: gt, gt-2, gt-3."""
    stem, dot, suffix = path.name.partition(".")
    names = itertools.chain([path.name], (f"{stem}-{number}{dot}{suffix}" for number in itertools.count(2)))
    found = (path.with_name(name) for name in names)
    return next(one for one in found if one not in taken and not os.path.lexists(one))
