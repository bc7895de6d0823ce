"""One channel to one agent: calls within their limits, and again where the connection was lost for a while."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
from axpair_proto.reasons import Reason

from axpair_host.boards.limits import PATIENCE_SECONDS
from axpair_host.boards.status import board_errors
from axpair_host.errors import AgentRefused, BoardError, ConnectionLost

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 5.0

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Patience:
    """How long a lost connection is tried to be had again."""

    seconds: float = PATIENCE_SECONDS
    tell: Callable[[str], None] = lambda text: None
    """Told when it begins, for people."""
    ended: Callable[[], bool] = lambda: False
    """Whether the agent has ended for good, as one that was started for us can."""


class Connection:
    """A channel with what every call needs. Its methods may be called from any thread."""

    def __init__(self, channel: grpc.Channel, url: str, metadata: Metadata, patience: Patience) -> None:
        self.channel = channel
        self.url = url
        self.metadata = metadata
        self.patience = patience
        self.lost = Losses()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._trouble: _Trouble | None = None

    def call(
        self,
        method: "grpc.UnaryUnaryMultiCallable[Request, Reply]",
        request: Request,
        *,
        doing: str,
        seconds: float,
        again: bool = True,
        starting: bool = False,
        settles: bool = True,
    ) -> Reply:
        """Call within `seconds`, and `again` while the connection is lost and patience lasts.

        `starting`: also where the agent can't start a worker, which it could before. Without `settles` an answer ends
        no trouble: it is one step of several that help together alone.
        Raises BoardError, or HostError where the agent refuses what the user asked for.
        """
        while True:
            try:
                with board_errors(self.url, doing):
                    reply = method(request, metadata=self.metadata, timeout=seconds)
            except BoardError as error:
                if not again or not repeatable(error, starting):
                    raise
                self.wait(error, doing)
            else:
                if settles:
                    self.works()
                return reply

    def works(self) -> None:
        """An answer came: whatever trouble there was is over."""
        if self._trouble is not None:
            with self._lock:
                self._trouble = None

    def wait(self, error: BoardError, doing: str) -> None:
        """Wait a moment before the same is asked again. Raises BoardError where that is in vain, or patience ended."""
        seconds = self.patience.seconds
        if seconds <= 0 or self._closing.is_set() or self.patience.ended():
            raise error
        with self._lock:
            is_new = self._trouble is None
            trouble = self._trouble = self._trouble or _Trouble(error, time.monotonic())
            left = trouble.began + seconds - time.monotonic()
            pause = min(trouble.pause, left)
            trouble.pause = min(_LONGEST_WAIT, 2 * trouble.pause)
            trouble.tries += 1
        if left <= 0:
            # An agent that came back may be in no state to serve: then what it says now, not what was cut.
            said = error if isinstance(error, AgentRefused) else trouble.error
            raise ConnectionLost(
                f"{said.message}; in {seconds:.0f} s it was tried again {trouble.tries - 1} times",
                next_step=said.next_step,
            ) from error
        if is_new:
            self.patience.tell(f"{error.message}; trying again for up to {seconds:.0f} s")
        if self._closing.wait(pause):
            raise ConnectionLost(f"{self.url}: the connection was closed while {doing}") from error

    def close(self) -> None:
        """End every call in progress; those raise BoardError."""
        self._closing.set()
        self.channel.close()


def repeatable(error: BoardError, starting: bool = False) -> bool:
    """Whether the same call may work in a moment."""
    if isinstance(error, AgentRefused):
        return error.reason is Reason.BUSY or (starting and error.reason is Reason.WORKER_START)
    return isinstance(error, ConnectionLost)


@dataclass
class Losses:
    """Workers that were ended from outside, and those that ended while idle: for a run's record, never for a row."""

    workers: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, count: int) -> None:
        """Count more, as a reply says."""
        with self._lock:
            self.workers += min(count, _MOST_LOST)


_MOST_LOST = 100
"""In one reply: an agent tries three times."""


@dataclass
class _Trouble:
    error: BoardError
    """What it began with."""
    began: float
    pause: float = _FIRST_WAIT
    tries: int = 0
