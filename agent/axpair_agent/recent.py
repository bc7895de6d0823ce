"""The agent's own last log lines, kept for whoever asks."""

import collections
import logging

MAX_LINES = 200


class RecentLines(logging.Handler):
    """A log handler that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: collections.deque[str] = collections.deque(maxlen=MAX_LINES)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self._lines.append(self.format(record))

    def lines(self) -> list[str]:
        """Oldest first."""
        return list(self._lines)
