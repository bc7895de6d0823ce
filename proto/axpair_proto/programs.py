"""What a program that isn't ours is handed and leaves: a folder of its own, and the ends of what it prints.

Standard library alone, since workers on boards run such programs too.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_WAITED_SECONDS = 5.0
"""For what comes after the program's end; longer only where something that it left behind holds the pipe open."""


@contextlib.contextmanager
def handed_folder(prefix: str) -> Iterator[Path]:
    """A fresh folder for a program; gone afterwards, whatever the program made of it."""
    outer = tempfile.TemporaryDirectory(prefix=prefix)
    try:
        # Within another: where a program puts a link in its place, the link alone is removed.
        folder = Path(outer.name) / "dir"
        folder.mkdir()
        yield folder
    finally:
        with contextlib.suppress(OSError):
            outer.cleanup()


class Printed:
    """What comes out of a pipe, read by a thread until its end; of that its first and last bytes are kept."""

    def __init__(self, stream: "IO[bytes]", first: int, last: int) -> None:
        self._descriptor = os.dup(stream.fileno())
        stream.close()
        self._first, self._last = first, last
        self._head, self._tail = b"", b""
        self._thread = threading.Thread(target=self._read, name="printed", daemon=True)
        self._thread.start()

    def kept(self) -> bytes:
        """The first bytes and the last ones; to be called once the program has ended."""
        self._thread.join(_WAITED_SECONDS)
        return self._head + self._tail

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                piece = os.read(self._descriptor, 1 << 16)
                if not piece:
                    break
                room = self._first - len(self._head)
                self._head += piece[:room]
                self._tail = (self._tail + piece[room:])[-self._last :] if self._last else b""
        os.close(self._descriptor)
