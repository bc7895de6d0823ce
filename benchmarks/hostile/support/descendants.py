"""Finding everything below a process that was started, whatever it did to hide: by a mark, and by a register."""

import contextlib
import os
import signal
import time
from pathlib import Path

from benchmarks.hostile.support.breeding import started

MARK = "AXPAIR_HOSTILE_MARK"
PROMISED = 5.0
"""Seconds within which nothing may be left."""
PATIENCE = 12.0


class Descendants:
    """What carries a mark in its environment, or wrote itself into the register."""

    def __init__(self, folder: Path) -> None:
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self.register = folder / f"register-{self.mark}"
        self.register.touch()

    def alive(self) -> dict[int, str]:
        """Process number to command line, of those that run."""
        found = {pid for pid in _pids() if f"{MARK}={self.mark}" in _read(pid, "environ").split("\0") and started(pid)}
        for line in self.register.read_text().splitlines():
            pid, _, since = line.partition(" ")
            if since and started(int(pid)) == since:
                found.add(int(pid))
        return {pid: _read(pid, "cmdline").replace("\0", " ").strip() for pid in found}

    def seconds_until_gone(self, besides: "set[int]") -> tuple[float, dict[int, str]]:
        """How long it took, from now, until nothing else was left; and what is left after `PATIENCE`."""
        begun = time.monotonic()
        while left := {pid: line for pid, line in self.alive().items() if pid not in besides}:
            if time.monotonic() > begun + PATIENCE:
                return PATIENCE, left
            time.sleep(0.02)
        return time.monotonic() - begun, {}

    def first(self, words: str, seconds: float = 60.0) -> int:
        """The first process with that in its command line, as soon as there is one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for pid, line in self.alive().items():
                if words in line:
                    return pid
        raise TimeoutError(f"no process with {words!r}: {self.alive()}")

    def stop(self, pid: int) -> None:
        """Stop one, and wait until it is."""
        os.kill(pid, signal.SIGSTOP)
        while _read(pid, "stat").rpartition(")")[2].split()[:1] not in ([], ["T"]):
            time.sleep(0.001)

    def end(self) -> None:
        """Leave nothing behind ourselves."""
        for _ in range(100):
            if not (left := self.alive()):
                return
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)


def parent_of(pid: int) -> int:
    """0 once it is gone."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return int(fields[1]) if fields else 0


def wait_for(path: Path, seconds: float = 60.0) -> None:
    """Until a file is there."""
    until = time.monotonic() + seconds
    while not path.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"{path.name} never came")
        time.sleep(0.005)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read(pid: int, name: str) -> str:
    try:
        return (Path("/proc") / str(pid) / name).read_text(errors="replace")
    except OSError:
        return ""
