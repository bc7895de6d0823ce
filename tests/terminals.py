"""A terminal of its own for a command: what a person would see."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

from command_line import command, environment


def seen(*arguments: str | Path, columns: int = 80, cwd: Path | None = None, **variables: str) -> tuple[int, str]:
    """Run `axpair` on a terminal of so many columns; its exit code, and all that the terminal got of both streams."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = {"TERM": "xterm-256color", **variables}
    kept = {name: value for name, value in environment(**variables).items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=kept
    ) as process:
        os.close(theirs)
        got = b""
        with contextlib.suppress(OSError):  # the terminal is gone with its last process
            while block := os.read(ours, 1 << 16):
                got += block
    os.close(ours)
    return process.returncode, got.decode().replace("\r\n", "\n")
