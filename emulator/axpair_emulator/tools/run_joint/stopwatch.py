"""Times the NPU's own part of a run, from where a fault would sit: after the inputs came, before outputs leave."""

from __future__ import annotations

import time

from axpair_emulator.faults.fault import Fault, Written


def microseconds() -> float:
    """A clock for differences."""
    return time.perf_counter() * 1e6


class Stopwatch(Fault):
    """Changes nothing."""

    name = "stopwatch"
    summary = "none: it measures"
    code = ""

    def __init__(self) -> None:
        super().__init__({}, 0)
        self._began = 0.0
        self._spent: list[float] = []

    def delivered(self, data: bytes, held: bytes) -> bytes:
        """Start."""
        self._began = microseconds()
        return data

    def written(self, output: Written, content: bytes) -> bytes:
        """Stop, at the first output."""
        if output.index == 0:
            self._spent.append(microseconds() - self._began)
        return content

    def mean(self, runs: int) -> float:
        """Microseconds of the last runs, on average."""
        last = self._spent[-runs:] if runs else []
        return sum(last) / len(last) if last else 0.0
