"""A limit on waiting for what can't be given one: the next reply of a stream."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watch:
    """Calls `late`, once, where a wait takes longer than it may. One thread for all waits of one stream."""

    def __init__(self, late: Callable[[], object]) -> None:
        self._late = late
        self._changed = threading.Condition()
        self._until: float | None = None
        self._ended = False
        self.expired = False
        """Whether a wait took too long."""
        threading.Thread(target=self._look, name="reply-limit", daemon=True).start()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Within, no longer than that."""
        with self._changed:
            sleeping = self._until is None
            self._until = time.monotonic() + seconds
            if sleeping:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._until = None

    def end(self) -> None:
        """End the thread; `late` is not called any more."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _look(self) -> None:
        with self._changed:
            while not self._ended and not self.expired:
                left = None if self._until is None else self._until - time.monotonic()
                if left is not None and left <= 0:
                    self.expired = True
                    break
                self._changed.wait(left)
        if self.expired:
            self._late()
