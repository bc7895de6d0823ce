"""Standard output as a C program has it: line by line on a terminal, in blocks everywhere else.

What stands in a block that isn't full is lost when the program aborts or crashes. That is why `run_joint` says
nothing in a pipe when it fails (run_joint, SDK V0.31, compiled and run), and why `stdbuf -oL` helps.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import BinaryIO

BLOCK_BYTES = 4096


def unwritable(program: str, reason: str) -> None:
    """Say that standard output can't be written, and let go nowhere what the interpreter flushes on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.stderr.write(f"{program}: standard output can't be written: {reason}\n")


class CStdout:
    """Writes text to a binary stream with the buffering of a C library; like one, it goes on where that fails."""

    failure = ""
    """Why a write failed, the first time."""

    def __init__(self, stream: BinaryIO, environment: Mapping[str, str]) -> None:
        self._stream = stream
        self._by_line = stream.isatty() or environment.get("_STDBUF_O") in ("L", "0")
        self._held = bytearray()

    def write(self, text: str) -> None:
        """Add text; whatever fills a block leaves."""
        self._held += text.encode("utf-8", "surrogateescape")
        whole = len(self._held) if self._by_line else len(self._held) // BLOCK_BYTES * BLOCK_BYTES
        self._emit(whole)

    def flush(self) -> None:
        """What leaving `main` does: everything leaves."""
        self._emit(len(self._held))

    def _emit(self, count: int) -> None:
        if count:
            try:
                self._stream.write(self._held[:count])
                self._stream.flush()
            except OSError as error:
                self.failure = self.failure or error.strerror or str(error)
            del self._held[:count]
