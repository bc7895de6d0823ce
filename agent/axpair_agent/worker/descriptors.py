"""The worker's file descriptors: frames on private copies, and everything that libraries print on fd 2."""

import contextlib
import os
import sys
from typing import Callable, Iterable, NamedTuple, Union

MARK = "\x1e"
"""Stands on both sides of a marker: ASCII's record separator, which no log line should hold."""


class FrameStreams(NamedTuple):
    """Descriptors that carry frames and nothing else."""

    requests: int
    answers: int


def take_frame_streams() -> FrameStreams:
    """Move frames away from fd 0 and 1; afterwards fd 0 is empty and fd 1 is fd 2.

    To be called before anything that may print is imported. The copies are not inherited by child processes, so
    that a command line that a runtime starts can't write into the frames or keep them open.
    """
    sys.stdout.flush()
    streams = FrameStreams(os.dup(0), os.dup(1))
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    if os.name == "nt":
        import msvcrt

        for descriptor in streams:
            msvcrt.setmode(descriptor, os.O_BINARY)  # type: ignore[attr-defined,unused-ignore]
    return streams


def reader(descriptor: int) -> Callable[[memoryview], int]:
    """A `readinto` over a descriptor, for `frames.read`."""
    return os.fdopen(descriptor, "rb", buffering=0, closefd=False).readinto


def write_all(descriptor: int, pieces: Iterable[Union[bytes, bytearray, memoryview]]) -> None:
    """Write the pieces one after the other, wholly."""
    for piece in pieces:
        view = memoryview(piece).cast("B")
        while view:
            view = view[os.write(descriptor, view) :]


class LogMarker:
    """Ends the log lines of one answer: flushes what was printed, then writes a line that only this answer has."""

    def __init__(self) -> None:
        self._flush_c = _find_fflush()

    def mark(self, nonce: str) -> None:
        """Write the marker for `nonce` to fd 2, after everything that was printed before."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        self._flush_c()
        write_all(2, [marker(nonce)])


def marker(nonce: str) -> bytes:
    """The bytes of a marker; the text before it may lack its end of line."""
    return f"{MARK}axpair {nonce}{MARK}\n".encode()


def _find_fflush() -> Callable[[], object]:
    """C's `fflush(NULL)`, which empties the buffers of every C stream; a no-op where ctypes can't reach it."""
    try:
        import ctypes

        library = ctypes.CDLL(None) if os.name != "nt" else ctypes.cdll.msvcrt
        fflush = library.fflush
    except (ImportError, OSError, AttributeError, TypeError):
        return lambda: None
    return lambda: fflush(None)
