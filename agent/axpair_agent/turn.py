"""Whose turn it is with a model, where the holder of the turn may be kept waiting by somebody who takes no answers."""

import contextlib
import threading
import time
from collections.abc import Iterator


class TurnOver(Exception):
    """Somebody else took the turn over."""


class Turn:
    """A lock for one at a time that may be let go by another thread than took it, and be taken over in the end."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._taken_over = False
        self._kept_since: float | None = None

    def __enter__(self) -> None:
        with self._changed:
            while self._taken:
                self._changed.wait()
            self._taken = True

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()

    @contextlib.contextmanager
    def kept_waiting(self) -> Iterator[None]:
        """Within, the holder waits for somebody else. Raises TurnOver where the turn was taken over meanwhile."""
        with self._changed:
            self._kept_since = time.monotonic()
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._kept_since = None
                over = self._taken_over
        if over:
            raise TurnOver

    def take_over(self, patience: float) -> None:
        """Take the turn for good, once nobody holds it or its holder has been kept waiting for `patience` seconds."""
        with self._changed:
            while self._taken:
                remaining = None
                if self._kept_since is not None:
                    remaining = self._kept_since + patience - time.monotonic()
                    if remaining <= 0:
                        break
                self._changed.wait(remaining)
            self._taken_over = True
