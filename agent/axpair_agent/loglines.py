"""What a worker prints, cut at its markers, so that each answer gets its own lines and no other."""

import re
import threading
from collections.abc import Callable, Iterable

from axpair_agent.worker.descriptors import marker

HEAD_BYTES = TAIL_BYTES = 128 << 10
"""Of what one round prints, so much of the beginning and of the end is kept."""

MAX_LINE_CHARACTERS = 4000

_MARK = marker("")[:1]


class LogLines:
    """A thread that reads everything a worker prints, until its end."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._changed = threading.Condition()
        self._text = bytearray()
        self._cut = 0
        self._expected: list[bytes] = []
        self._lines: dict[bytes, list[str]] = {}
        self._ended = False
        threading.Thread(target=self._collect, name="worker-log", daemon=True).start()

    def expect(self, nonces: Iterable[str]) -> None:
        """Say which markers will come, in order; anything else that looks like one is a line."""
        with self._changed:
            self._expected = [marker(nonce) for nonce in nonces]
            self._lines = {}
            self._cut_at_markers()

    def until(self, nonce: str, seconds: float) -> list[str]:
        """The lines before that marker and after the one before; all there are when it doesn't come in time."""
        wanted = marker(nonce)
        with self._changed:
            self._changed.wait_for(lambda: wanted in self._lines or self._ended, seconds)
            return self._lines.pop(wanted) if wanted in self._lines else self._take(len(self._text))

    def rest(self, seconds: float) -> list[str]:
        """All lines up to the end of the worker's output, or to those `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended, seconds)
            return self._take(len(self._text))

    def _collect(self) -> None:
        while True:
            try:
                piece = self._read()
            except (OSError, ValueError):
                piece = b""
            with self._changed:
                if not piece:
                    self._ended = True
                    self._changed.notify_all()
                    return
                self._text += piece
                self._cut_at_markers()
                self._bound()

    def _cut_at_markers(self) -> None:
        while self._expected:
            at = self._text.find(self._expected[0])
            if at < 0:
                return
            found = self._expected.pop(0)
            self._lines[found] = self._take(at)
            del self._text[: len(found)]
            self._changed.notify_all()

    def _bound(self) -> None:
        surplus = len(self._text) - HEAD_BYTES - TAIL_BYTES
        if surplus > TAIL_BYTES:
            del self._text[HEAD_BYTES : HEAD_BYTES + surplus]
            self._cut += surplus

    def _take(self, size: int) -> list[str]:
        text = bytes(self._text[:size])
        del self._text[:size]
        lines = _lines_of(text)
        if self._cut:
            lines.insert(len(_lines_of(text[:HEAD_BYTES])), f"[axpair: {self._cut} bytes were left out here]")
            self._cut = 0
        return lines


def _lines_of(text: bytes) -> list[str]:
    decoded = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\N{REPLACEMENT CHARACTER}", text.decode("utf-8", "replace"))
    return [line[:MAX_LINE_CHARACTERS] for line in re.split(r"\r?\n|\r", decoded) if line.strip()]
