"""The agent's log: one line a record that can't play with a terminal, and only so many of a kind.

Whoever reaches the port has lines written, without a token too: gRPC reports what it can't decode, with the bytes and
a traceback. Nobody may fill a disk with them.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from axpair_proto.text import printable

OWN = "axpair_agent"
"""Loggers of this name are ours; a kind of line is one of their templates."""
OWN_LINES = 100
"""Of one kind, at once."""
FOREIGN_LINES = 10
"""Of one library, at once."""
LINES_A_MINUTE = 10
"""Of one kind, in the long run."""
LONGEST_OWN = 1500
LONGEST_FOREIGN = 200
"""Letters of a line."""


@dataclass
class _Kind:
    left: float
    """Lines that may still be written now."""
    since: float
    unwritten: int = 0


class Logbook(logging.Handler):
    """Hands records on to other handlers, as lines within bounds; what it leaves out is counted."""

    def __init__(self, handlers: Sequence[logging.Handler], clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds."""
        super().__init__()
        self._handlers = handlers
        self._clock = clock
        self._kinds: dict[str, _Kind] = {}
        self._counting = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, after how many like it weren't."""
        library = record.name.partition(".")[0]
        own = library == OWN or record.name == "__main__"
        with self._counting:
            unwritten = self._unwritten(str(record.msg) if own else library, OWN_LINES if own else FOREIGN_LINES)
        if unwritten is None:
            return
        if own:
            said = printable(_said(record, record.getMessage()), LONGEST_OWN)
        else:
            # Without its values: they may be what came from a caller, such as a token with a typing error.
            said = printable(f"{library}: {_said(record, str(record.msg))}", LONGEST_FOREIGN)
        if unwritten:
            said += f" ({unwritten} more lines like it weren't written)"
        line = logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, said, None, None)
        for handler in self._handlers:
            handler.handle(line)

    def _unwritten(self, name: str, most: int) -> int | None:
        """How many of that kind weren't written since one was; None where this one isn't either."""
        now = self._clock()
        kind = self._kinds.setdefault(name, _Kind(most, now))
        kind.left = min(most, kind.left + (now - kind.since) / 60 * LINES_A_MINUTE)
        kind.since = now
        if kind.left < 1:
            kind.unwritten += 1
            return None
        kind.left -= 1
        unwritten, kind.unwritten = kind.unwritten, 0
        return unwritten


def _said(record: logging.LogRecord, message: str) -> str:
    """The message; of an exception also its kind and where it arose."""
    if not record.exc_info or record.exc_info[0] is None:
        return message
    frames = traceback.extract_tb(record.exc_info[2])
    where = f" in {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{record.exc_info[0].__name__}{where}: {message}"
