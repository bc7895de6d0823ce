"""The device's memory as the driver hands it out: buffers that keep their bytes until something writes them."""

from __future__ import annotations

from collections.abc import Sequence

SLOTS = 3
"""Sets of output buffers that the driver uses in turn."""


class Buffers:
    """One buffer for each input or output, zero at first."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._buffers = [bytearray(size) for size in sizes]

    def views(self) -> list[memoryview]:
        """Writable views, one for each buffer."""
        return [memoryview(buffer) for buffer in self._buffers]

    def contents(self) -> list[bytes]:
        """Copies of what the buffers hold."""
        return [bytes(buffer) for buffer in self._buffers]

    def fill(self, contents: Sequence[bytes]) -> None:
        """Overwrite all buffers from their start; no content is larger than its buffer. What lies behind stays."""
        for view, content in zip(self.views(), contents, strict=True):
            view[: len(content)] = content


class OutputRing:
    """Sets of output buffers used in turn: each run writes into the next one."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._slots = [Buffers(sizes) for _ in range(SLOTS)]
        self._next = 0

    @property
    def upcoming(self) -> Buffers:
        """What the next run will write into."""
        return self._slots[self._next]

    def take(self) -> tuple[Buffers, Buffers]:
        """The set for this run and the one of the run before; afterwards the next set is upcoming."""
        current, before = self._slots[self._next], self._slots[self._next - 1]
        self._next = (self._next + 1) % SLOTS
        return current, before
