"""A time limit for work that blocks: when it is over, something is done that makes the work return."""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator


class Watchdog:
    """One thread that calls `act` once when a limit passes; then `expired` stays true."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._changed = threading.Condition()
        self._due = math.inf
        self._wakes = math.inf
        self._ended = False
        self.expired = False
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @contextlib.contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Within: `act` is called once `seconds` are over."""
        with self._changed:
            self._due = time.monotonic() + seconds
            if self._due < self._wakes:
                self._changed.notify()
        try:
            yield
        finally:
            # The thread isn't woken for this: it finds nothing due when its time has come.
            with self._changed:
                self._due = math.inf

    def end(self) -> None:
        """Let the thread go."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._ended:
                remaining = self._due - time.monotonic()
                if remaining <= 0:
                    break
                self._wakes = self._due
                self._changed.wait(None if remaining == math.inf else remaining)
                self._wakes = -math.inf
            else:
                return
            self.expired = True
        self._act()
