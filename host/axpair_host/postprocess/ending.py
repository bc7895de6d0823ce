"""Programs of the user run under a keeper, without our secrets; they are ended with all that they started, and how
they ended is told."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from axpair_proto import keeper, starting
from axpair_proto.variables import without_secrets

end = starting.end
"""End one with everything that it started; fine where it has ended."""


def start_program(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start it with nothing to read, its output and its errors in a pipe each; it ends with us.

    Raises OSError, or ValueError, where it can't be run.
    """
    if not keeper.AVAILABLE:
        return _popen(command, subprocess.DEVNULL, subprocess.PIPE, ())
    report, reported = os.pipe()
    try:
        kept = [sys.executable, "-I", "-S", keeper.__file__, str(reported), *command]
        process = _popen(kept, subprocess.PIPE, subprocess.PIPE, (reported,))
    except BaseException:
        os.close(report)
        raise
    finally:
        os.close(reported)
    with os.fdopen(report, "rb") as said:
        problem = said.read()
    if problem:
        close(process)
        raise OSError(int(problem), os.strerror(int(problem)))
    return process


def start_python(arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start this Python, with pipes both ways; a program that calls `keeper.keep` first."""
    return _popen([sys.executable, *arguments], subprocess.PIPE, None, ())


def close(process: "subprocess.Popen[bytes]") -> None:
    """End it and give its pipes back."""
    end(process)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _popen(command: Sequence[str], stdin: int, errors: int | None, passed: Sequence[int]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=without_secrets(os.environ),
        pass_fds=passed,
        **starting.group(),
    )


def told_status(status: int) -> str:
    """An exit status in words; negative where a signal ended it."""
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
