"""Processes that try to outlive whoever started them; each writes its number down."""

from __future__ import annotations

import sys
from pathlib import Path

from agent_process import gone

PROGRAM = """
import os, signal, sys, time
register = sys.argv[1]
def hide():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    descriptor = os.open(register, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b"%d\\n" % os.getpid())
    time.sleep(600)
def breed():
    if os.fork() == 0:  # a child
        hide()
    if os.fork() == 0:  # in a session of its own
        os.setsid()
        hide()
    if os.fork() == 0:  # forked twice
        os.setsid()
        if os.fork():
            os._exit(0)
        hide()
    while open(register).read().count("\\n") < 3:
        time.sleep(0.001)
"""
"""Python text: `breed` starts three and returns once they hid; the register comes as the first argument."""


def register(folder: Path) -> Path:
    """An empty file for their numbers."""
    path = folder / "hiding"
    path.touch()
    return path


def program(then: str) -> list[str]:
    """A command that breeds and then does as that line of Python says; the register is to follow."""
    return [sys.executable, "-c", f"{PROGRAM}\nbreed()\n{then}"]


def all_gone(register: Path, seconds: float = 60.0) -> bool:
    """Whether all three that hid there end within that time."""
    pids = [int(line) for line in register.read_text().split()]
    assert len(pids) == 3
    return all(gone(pid, seconds) for pid in pids)
