"""The one way to the terminal: host and emulator print through here and nowhere else.

Documents and reports go to stdout, everything else to stderr. What foreign text holds is spelled out on the way
(`axpair_proto.text`); the colors that our own reports give pass where stdout is a terminal.
"""

import errno
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from axpair_proto.errors import AxpairError
from axpair_proto.sentences import for_documents, in_words, tr, translated
from axpair_proto.text import json_text, printable

_COLOR = re.compile(r"(\x1b\[[0-9]{1,2}(?:;[0-9]{1,2})*m)")
"""It changes how text looks, and nothing else."""
_LONGEST_LINE = 20_000


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
    colored = sys.stdout.isatty()
    for line in lines:
        pieces = _COLOR.split(translated(line))
        shown = [
            printable(piece, _LONGEST_LINE) if at % 2 == 0 else piece if colored else ""
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
    """A line on stderr: what is said beside the output."""
    _aside(printable(translated(text)))


def print_message(message: str, next_step: str = "", *, program: str = "axpair") -> None:
    """One message of ours on stderr, and below it what to do next."""
    _aside(f"{program}: {printable(in_words(message))}")
    if next_step:
        first, *more = in_words(next_step).split("\n")  # a long command may be told over several lines
        _aside("\n".join([f"  {tr('next:')} {printable(first)}", *(f"        {printable(line)}" for line in more)]))


def print_error(error: AxpairError, *, program: str = "axpair") -> None:
    """What went wrong, and what to do next, on stderr."""
    print_message(error.message, error.next_step, program=program)


@contextmanager
def _stdout() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise full_output(error) from error


def _aside(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        return  # nowhere to say it, and nothing that the work depends on
