"""Everything that a command started, found by a mark in its environment."""

import contextlib
import os
import signal
import time
from pathlib import Path

NAME = "AXPAIR_KILLS_MARK"


def fresh() -> str:
    """A mark of its own for each command."""
    return f"{os.getpid()}-{time.monotonic_ns()}"


def alive(mark: str, words: str = "") -> list[int]:
    """Processes with that mark, and those words in their command line, that haven't ended."""
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [
        pid
        for pid in found
        if f"{NAME}={mark}" in _read(pid, "environ").split("\0") and words in _read(pid, "cmdline").replace("\0", " ")
    ]


def state(pid: int) -> str:
    """As `ps` has it: R, S, T for stopped, Z; "" once it is gone."""
    return _read(pid, "stat").rpartition(")")[2].strip()[:1]


def send(pids: list[int], number: int) -> None:
    """Signal those of them that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def seconds_until_gone(mark: str, at_most: float) -> float | None:
    """How long it took from now; None where something is left even then, which is ended."""
    begun = time.monotonic()
    while alive(mark):
        if time.monotonic() - begun > at_most:
            while left := alive(mark):
                send(left, signal.SIGKILL)
                time.sleep(0.01)
            return None
        time.sleep(0.01)
    return time.monotonic() - begun


def _read(pid: int, name: str) -> str:
    try:
        return Path("/proc", str(pid), name).read_text(errors="replace")
    except OSError:
        return ""
