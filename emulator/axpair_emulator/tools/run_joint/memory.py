"""The board's contiguous memory (CMM), which outlives a process: buffers come with whatever was written before.

The vendor's program never fills a buffer for which it has no file ("using random data"): the model then runs on what
lies there, often an earlier run's image (run_joint source, SDK V0.31). Here the memory is one file in the cache
folder, zeros at first. Each process works on a copy of its own and puts it back whole, so that processes side by
side don't disturb each other, as on a board, where the driver keeps them apart.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from axpair_emulator.errors import EmulatorError
from axpair_emulator.storage.files import write_whole

ALIGNMENT = 128
LIMIT_BYTES = 1 << 28
"""A larger memory isn't kept."""


class Cmm:
    """Buffers allocated one behind the other from the start of memory."""

    def __init__(self, file: Path | None, sizes: Sequence[int]) -> None:
        """`file` keeps the memory between processes; None keeps nothing. `sizes` in bytes, in order of allocation."""
        self._file = file
        self._starts: list[int] = []
        end = 0
        for size in sizes:
            self._starts.append(end)
            end += -(-size // ALIGNMENT) * ALIGNMENT
        self._bytes = bytearray(_kept(file))
        self._bytes.extend(bytes(max(0, end - len(self._bytes))))

    def read(self, index: int, size: int) -> bytes:
        """The first bytes of a buffer; beyond its end comes what lies behind it, beyond the memory's end zeros."""
        found = bytes(self._bytes[self._starts[index] : self._starts[index] + size])
        return found + bytes(size - len(found))

    def write(self, index: int, data: bytes | memoryview) -> None:
        """Write the start of a buffer; the rest keeps its bytes."""
        self._bytes[self._starts[index] : self._starts[index] + len(data)] = data

    def keep(self) -> None:
        """Put the memory back for the next process. What can't be kept is as if the board had been switched off."""
        if self._file is not None and len(self._bytes) <= LIMIT_BYTES:
            with contextlib.suppress(EmulatorError):
                write_whole(self._file, bytes(self._bytes))


def _kept(file: Path | None) -> bytes:
    try:
        return file.read_bytes() if file is not None and file.stat().st_size <= LIMIT_BYTES else b""
    except OSError:
        return b""
