"""The one way to the terminal: host and emulator print through here and nowhere else.

Documents and reports go to stdout, everything else to stderr. What foreign text holds is spelled out on the way
(`axpair_proto.text`); the colors that our own reports give pass where stdout takes them (`axpair_proto.terminal`).
"""

import errno
import logging
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from axpair_proto.advice import Next
from axpair_proto.errors import AxpairError
from axpair_proto.lines import STYLE, command_lines, fitted
from axpair_proto.sentences import for_documents, in_words, tr, translated
from axpair_proto.terminal import columns, is_colored, moving
from axpair_proto.text import json_text, printable

if TYPE_CHECKING:
    from rich.console import Console

_LONGEST_LINE = 20_000


class Speech:
    """How much is said besides the output: -v and -q, for the whole process."""

    verbose = False
    quiet = False

    def speak_up(self) -> None:
        """-v: what libraries log is said too."""
        self.verbose = True
        root = logging.getLogger()
        if not any(isinstance(one, _Aside) for one in root.handlers):
            root.addHandler(_Aside())
            root.setLevel(logging.INFO)

    def as_usual(self) -> None:
        """Neither."""
        self.verbose = self.quiet = False
        root = logging.getLogger()
        for handler in [one for one in root.handlers if isinstance(one, _Aside)]:
            root.removeHandler(handler)
            root.setLevel(logging.WARNING)


speech = Speech()


class _Aside(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """A line on stderr."""
        print_aside(f"{record.name}: {record.getMessage()}")


class OutputError(AxpairError):
    """stdout takes nothing more: the disk behind it is full, it is closed, or it can't be written."""


def full_output(error: OSError) -> OutputError:
    """The error that people see where stdout refused."""
    if error.errno == errno.EBADF:
        return OutputError("the output can't be written: stdout is closed", next_step="leave it open, and call again")
    return OutputError(
        f"the output can't be written: {error.strerror or error}",
        next_step="free space where it goes, or send it elsewhere, and call again",
    )


def print_line(line: str = "") -> None:
    """A line for people on stdout. Raises OutputError where stdout can't be written."""
    print_lines([line])


def print_lines(lines: Iterable[str]) -> None:
    """Lines for people on stdout, each on one line of its own. Raises OutputError where stdout can't be written."""
    for line in lines:
        pieces = STYLE.split(translated(line))
        styled = len(pieces) > 1 and is_colored()
        shown = [
            printable(piece, _LONGEST_LINE) if at % 2 == 0 else piece if styled else ""
            for at, piece in enumerate(pieces)
        ]
        with _stdout():
            print("".join(shown), flush=True)


def print_document(document: Any) -> None:
    """One JSON document on stdout. Raises OutputError where stdout can't be written."""
    text = json_text(for_documents(document))
    with _stdout():
        print(text, flush=True)


def print_aside(text: str) -> None:
    """A line on stderr: what is said beside the output, and with -q too."""
    _aside(printable(in_words(text)))


def print_note(text: str) -> None:
    """A line on stderr that nobody needs: progress, or what was done by the way. Not with -q."""
    if not speech.quiet:
        print_aside(text)


def live_console() -> "Console | None":
    """The console for bars on stderr; None where nothing moves: there is no terminal, or with -v, -q lines are wanted,
    or nothing.
    """
    return None if speech.verbose or speech.quiet else moving()


def print_message(message: str, next_step: str | Next = "", *, program: str = "axpair") -> None:
    """One message of ours on stderr, and below it what to do next, a command on a line of its own."""
    _aside(f"{program}: {printable(in_words(message))}")
    step = next_step if isinstance(next_step, Next) else Next(next_step)
    if not step:
        return
    first, rest, said = f"  {tr('next: ')}", "        ", step.of(()).shown
    lines = [f"{first}{printable(said)}"] if said else []
    if step.line:
        room = columns(stderr=True) - len(rest) if sys.stderr.isatty() else sys.maxsize
        command, *more = command_lines(printable(step.line, _LONGEST_LINE), room)
        lines += [f"{rest if lines else first}{command}", *(f"{rest}{one}" for one in more)]
    _aside("\n".join(lines))


def print_error(error: AxpairError, *, program: str = "axpair", call: Sequence[str] = ()) -> None:
    """What went wrong, and what to do next, on stderr. `call`: its words, of which a step may make another call."""
    print_message(error.message, error.next_step.of(call), program=program)


def print_causes(error: BaseException) -> None:
    """With -v: the errors that led to this one, each with the place that it was raised at."""
    cause = error.__cause__ or error.__context__
    if speech.verbose and cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
        print_aside(f"  because of {type(cause).__name__}: {cause}{place}")
        print_causes(cause)


@contextmanager
def _stdout() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise full_output(error) from error


def _aside(text: str) -> None:
    if sys.stderr.isatty():
        text = "\n".join(fitted(text.split("\n"), columns(stderr=True)))
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        return  # nowhere to say it, and nothing that the work depends on
