"""Descendants that try to outlive whoever started them: as a runtime, as a program, as a post-processor.

Standard library only, as it also runs in the environment under attack, and by its path.
"""

import ctypes
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SECONDS = 90.0
"""After so long a descendant ends by itself."""
KINDS = ("deaf", "session", "daemon", "bare", "stopped", "moving")
"""Ignores signals; a session of its own; forked twice; that and without environment; stopped; another pid each time."""


def breed(register: Path) -> None:
    """Start one descendant of each kind; returns once all have written "pid starttime" to the register."""
    before = len(_lines(register))
    for kind in KINDS:
        if os.fork() == 0:
            try:
                _live(kind, register)
            finally:
                os._exit(0)
    while len(_lines(register)) < before + len(KINDS):
        time.sleep(0.002)


def started(pid: int) -> str:
    """When a process started, in the kernel's ticks: with its number it is one process for good. "" once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _lines(register: Path) -> list[str]:
    try:
        return register.read_text().splitlines()
    except OSError:
        return []


def _live(kind: str, register: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    if kind != "deaf":
        os.setsid()
    if kind in ("daemon", "bare", "moving") and os.fork():
        os._exit(0)
    with register.open("a") as file:
        file.write(f"{os.getpid()} {started(os.getpid())}\n")
    if kind == "bare":
        sleep = shutil.which("sleep")
        assert sleep is not None
        os.execve(sleep, [sleep, str(SECONDS)], {})
    if kind == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        time.sleep(0.02)
        if kind == "moving" and os.fork():
            os._exit(0)


class Breeding:
    """A runtime. Option `register`: the file for descendants; `locked`: the constructor holds Python's lock."""

    name = "breeding"

    def __init__(self, options: Mapping[str, str]) -> None:
        self._register = Path(options["register"])
        if options.get("locked"):
            self._register.with_name("locked").touch()
            ctypes.PyDLL(None).sleep(int(SECONDS))

    def versions(self) -> dict[str, str]:
        """None to speak of."""
        return {}

    def load(self, path: str) -> dict[str, Any]:
        """Breeds."""
        breed(self._register)
        tensor = {"name": "x", "dtype": "uint8", "shape": [1], "size_bytes": 1}
        return {"inputs": [tensor], "outputs": [tensor], "tools_version": ""}

    def outputs(self) -> None:
        """No buffers."""

    def run(self, inputs: Sequence[bytes]) -> Sequence[bytes]:
        """Holds Python's lock for as long as it may."""
        self._register.with_name("running").touch()
        ctypes.PyDLL(None).sleep(int(SECONDS))
        return list(inputs)

    def close(self) -> None:
        """Takes its time."""
        time.sleep(SECONDS)


def decide(outputs: Mapping[str, Any]) -> object:
    """A post-processor in Python: breeds, then does as BREEDING_THEN says."""
    return _then(Path(os.environ["BREEDING_REGISTER"]), os.environ["BREEDING_THEN"])


def _then(register: Path, what: str) -> dict[str, str]:
    breed(register)
    register.with_name("running").touch()
    if what == "wait":
        time.sleep(SECONDS)
    return dict(os.environ)


if __name__ == "__main__":
    import json

    print(json.dumps({"label": 1, "said": _then(Path(sys.argv[1]), sys.argv[2])}))
