"""What to do next: a sentence, a whole command that can be pasted into the shell that called, or both.

A command knows its words. Who raises an error inside a call seldom knows how that was called: `Again` says what the
same call lacks or has too much, and the program that was called makes the command of it.
"""

import itertools
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from axpair_proto.sentences import in_words, say


class Unknown(str):
    """A word of a command that only its reader knows, in capitals, such as MODEL.onnx."""

    stands_for: str

    def __new__(cls, word: str, stands_for: str) -> "Unknown":
        """`stands_for`: what to put in its place, in words."""
        made = super().__new__(cls, word)
        made.stands_for = stands_for
        return made


UNKNOWN = {
    "joint": Unknown("MODEL.joint", say("the compiled model")),
    "onnx": Unknown("MODEL.onnx", say("the float model")),
    "optimized": Unknown("OUTPUT_DIR/frontend/optimized.onnx", say("the model as pulsar2's build left it")),
    "lava_joint": Unknown("MODEL.lava_joint", say("the quantized model, which the build leaves beside the joint")),
    "config": Unknown("CONFIG.prototxt", say("the configuration of the build")),
    "output_config": Unknown("OUTPUT_CONFIG.prototxt", say("what this joint's own build wrote with --output_config")),
    "input": Unknown("INPUT", say("the file of the case's input")),
    "gt": Unknown("GT", say("the case's gt folder")),
    "canary": Unknown("GOOD_GT", say("the gt folder of a case that passed")),
    "golden": Unknown("GOLDEN", say("a folder with the training code's float outputs, one .npy an output")),
    "set": Unknown("OTHER.tar", say("another calibration set")),
    "train": Unknown("TRAIN", say("a folder or tar of the training data")),
    "url": Unknown("BOARD", say("the board's address, such as ssh://root@192.168.1.2")),
    "postprocess": Unknown("MODULE:FUNCTION", say("your post-processor")),
    "preprocess": Unknown("MODULE:PREPROCESS", say("your pre-processing")),
    "other": Unknown(
        "OTHER", say("another platform's figures, such as rk3588,int8,mAP=0.48,float=0.60, or its gt folder")
    ),
    "run_log": Unknown("RUN.log", say("what that run of run_joint printed")),
    "board_out": Unknown("OUT", say("the folder that the run on the board left")),
    "second": Unknown("OTHER", say("what it is held against")),
    "cases": Unknown("CASES", say("a folder with the cases")),
    "token": Unknown("TOKEN_FILE", say("a file with the agent's token, which only its owner may read")),
    "folder": Unknown("FOLDER", say("one that you may write to")),
    "product_input": Unknown("PRODUCT_INPUT", say("a folder with the input bytes that your product hands over")),
    "product_output": Unknown("PRODUCT_OUTPUT", say("a folder with the outputs that your product gets")),
    "data": Unknown("INPUT.bin", say("the bytes that the joint takes; of several inputs joined by ';'")),
}
"""Words of commands for what isn't known, by what they are called in the fields of steps."""


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

    def named_by(self, call: Sequence[str]) -> "Command":
        """With what options of a call named, once and for something else than the command has already, in place of what
        isn't known. What is to be written keeps its name: there may be something already."""
        words = list(self.words)
        for place, word in enumerate(words):
            options = [option for option, name in _OF_CALLS.items() if UNKNOWN[name] == word]
            if isinstance(word, Unknown) and words[place - 1] not in _WRITING:
                said = [value for option in options for value in _values(call, option)]
                if len(said) == 1 and said[0] not in words:
                    words[place] = said[0]
        return Command(tuple(words))

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
    """Options without values, or other words, that go."""

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

    def told(self) -> str:
        """What is put in, where that is all that can be said."""
        return Command((*(word for pair in self.put for word in pair), *self.more)).line()


_OF_CALLS = {
    "--joint": "joint",
    "--onnx": "onnx",
    "--lava-joint": "lava_joint",
    "--config": "config",
    "--input": "input",
    "--gt": "gt",
    "--golden": "golden",
    "--board": "url",
    "--board-out": "board_out",
    "--postprocess": "postprocess",
    "--preprocess": "preprocess",
}
"""Options of calls, and what they name."""
_WRITING = ("--output", "--out")


def _values(call: Sequence[str], option: str) -> list[str]:
    pairs = zip(call, (*call[1:], ""), strict=True)
    return [
        value if word == option else word.removeprefix(f"{option}=")
        for word, value in pairs
        if word == option or word.startswith(f"{option}=")
    ]


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
    instead: str = ""
    """What is said, without a command, where the call has none of the options that are put in: another command, to
    which they mean nothing."""

    def of(self, call: Sequence[str]) -> "Next":
        """With a whole command in place of a changed call, and with what the call named in place of what isn't known;
        where the call isn't known, the change is told."""
        if not isinstance(self.command, Again):
            return replace(self, command=self.command.named_by(call)) if self.command and call else self
        if call and self.instead and not any(_values(call, option) for option, _ in self.command.put):
            return Next(self.instead)
        if call:
            return replace(self, command=self.command.of(call))
        return Next(" ".join(filter(None, [self.text, self.command.told()])))

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
    def shown(self) -> str:
        """The same in the reader's language."""
        return explained(self.text, self.document()["placeholders"], in_words)

    @property
    def line(self) -> str:
        """The command as it is pasted; "" without one."""
        return self.command.line() if isinstance(self.command, Command) else ""

    @property
    def one_line(self) -> str:
        """All of it, where no second line can be had."""
        step = self.of(())
        return " ".join(filter(None, [step.said, step.line]))

    def __bool__(self) -> bool:
        return bool(self.text or self.command)

    def __str__(self) -> str:
        step = self.of(())
        return "\n".join(filter(None, [step.said, step.line]))


def again(text: str, *more: str) -> Next:
    """The failed call with more words."""
    return Next(text, Again(more=more))


def with_other(option: str, value: str, text: str = "") -> Next:
    """The failed call with another value of an option."""
    return Next(text, Again(put=((option, value),)))


def in_other_folder(option: str, path: Path, text: str = "with another folder:", instead: str = "") -> Next:
    """The failed call with a path beside the option's, where nothing lies yet; `instead` where it hasn't the option."""
    new = ((option, str(free_name(path, taken=[path]))),)
    return Next(text, Again(put=new, without_flags=("--overwrite",)), instead)


def calling(*words: "str | Path", text: str = "") -> Next:
    """A command."""
    return Next(text, Command.of(*words))


def explained(text: str, placeholders: Mapping[str, str], shown: Callable[[str], str] = str) -> str:
    """The sentence before a command, with what its placeholders stand for; `shown`: in which language."""
    if not placeholders:
        return shown(text)
    meant = shown("; ").join(shown(_MEANS.filled(word=word, meaning=meaning)) for word, meaning in placeholders.items())
    return f"{shown(text).rstrip('.:。：')}{shown(_MEANT.filled(meant=meant))}" if text else f"{meant}:"


_MEANS, _MEANT = say("{word} stands for {meaning}"), say(" ({meant}):")


def shell_quoted(text: str) -> str:
    """The word for bash and zsh; names with control characters or bytes that are no text are spelled out."""
    if text.isprintable():
        return shlex.quote(text)
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}" for byte in os.fsencode(text))
    return f"$'{''.join(plain)}'"


def free_name(path: Path, *, taken: Sequence[Path] = ()) -> Path:
    """The path itself where nothing lies there, else the same with a number: gt, gt-2, gt-3. Of a path without a name
    of its own, such as "..", one here."""
    if path.name in ("", ".."):
        path = Path("new")
    stem, dot, suffix = path.name.partition(".")
    names = itertools.chain([path.name], (f"{stem}-{number}{dot}{suffix}" for number in itertools.count(2)))
    found = (path.with_name(name) for name in names)
    return next(one for one in found if one not in taken and not os.path.lexists(one))
