"""Who may take the agent's time: calls that wait for their first message, and calls that are served.

Waiting calls take no place from served ones. Every method has places of its own, so that long calls of one kind hold
up no other kind. Whoever keeps the agent waiting is sent away first: of the connection with the most such calls the
one that waited longest.
"""

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import Enum

from axpair_proto.reasons import Reason

from axpair_agent.errors import CallError

FIRST_SECONDS = 10.0
"""A call whose first message takes longer is ended; so is one that finds no place for as long."""

MAX_WAITING = 64
"""Calls without a first message or a place, in all."""

DEFAULT_PLACES = 8
PLACES: Mapping[str, int] = {
    "/axpair.v1.Handshake/Hello": 32,  # all wait for the first worker to start
    "/axpair.v1.Runs/Run": 16,
    "/axpair.v1.Blobs/Upload": 16,
    "/axpair.v1.Commands/Run": 16,
}
"""Calls of one method that are served at a time."""

MESSAGE_SECONDS: Mapping[str, float] = {"/axpair.v1.Blobs/Upload": 60.0}
"""How long a later message may take. Hosts have nothing to send for minutes, but not amid an upload."""

IDLE_SECONDS = 5.0
"""A served call whose caller does nothing for so long makes room when another finds no place."""

log = logging.getLogger(__name__)


class Stage(Enum):
    """How far a call has come."""

    WAITING = "waiting"
    SERVED = "served"
    LEAVING = "leaving"
    """Sent away, or over: its thread is about to notice."""


class Call:
    """One call of a method from a connection, `peer`; `cancel` makes whatever it waits for return.

    One that only `watches` waits for news that may never come: it counts as idle all the time.
    """

    def __init__(self, method: str, peer: str, cancel: Callable[[], object], watches: bool = False) -> None:
        self.method = method
        self.peer = peer
        self.cancel = cancel
        self.watches = watches
        self.stage = Stage.WAITING
        self.idle_since = math.inf
        """Since when its caller keeps us waiting; infinite while it doesn't."""
        self.due = math.inf
        """When it is ended unless its caller does something."""
        self.over = False
        self.busy = True


class Places:
    """Keeps count. Safe for many threads."""

    def __init__(
        self,
        max_waiting: int = MAX_WAITING,
        first_seconds: float = FIRST_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._max_waiting = max_waiting
        self._first_seconds = first_seconds
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._calls: set[Call] = set()
        self._wakes = math.inf
        threading.Thread(target=self._watch, name="waiting-calls", daemon=True).start()

    def arrive(self, call: Call) -> None:
        """A new call: it waits for its first message."""
        with self._changed:
            self._calls.add(call)
            self._waits(call, self._first_seconds)
            waiting = [other for other in self._calls if other.stage is Stage.WAITING]
            if len(waiting) > self._max_waiting:
                self._send_away(_least(waiting), "too many calls wait for their first message")

    def admit(self, call: Call) -> None:
        """Its first message came: wait for a place. Raises CallError BUSY where none gets free in time."""
        most = PLACES.get(call.method, DEFAULT_PLACES)
        give_up = time.monotonic() + self._first_seconds
        with self._changed:
            self._works(call)
            while call.stage is Stage.WAITING:
                now = time.monotonic()
                held = [other for other in self._calls if other.method == call.method]
                served = [other for other in held if other.stage is Stage.SERVED]
                leaving = [other for other in held if other.stage is Stage.LEAVING and other is not call]
                if len(served) + len(leaving) < most:
                    call.stage = Stage.SERVED
                    return
                if now >= give_up:
                    break
                idle = [other for other in served if other.idle_since <= now - self._idle_seconds]
                if idle and not leaving:
                    self._send_away(_least(idle), "it did nothing, and another call needs its place")
                    continue
                self._changed.wait(min(1.0, give_up - now))
        raise CallError(
            Reason.BUSY,
            f"the agent serves {most} calls of {call.method} already",
            next_step="try again when other hosts have ended theirs",
        )

    def waits(self, call: Call) -> None:
        """Its caller has to send something, or to take an answer, before there is more to do."""
        with self._changed:
            self._waits(call, MESSAGE_SECONDS.get(call.method, math.inf))

    def works(self, call: Call) -> None:
        """It has something to do again."""
        with self._changed:
            self._works(call)

    def leave(self, call: Call) -> None:
        """Its thread has done with it; more than once is fine."""
        with self._changed:
            self._calls.discard(call)
            self._changed.notify_all()

    def pause(self, call: Call) -> None:
        """Its thread hands an answer out, and may not come back where the call is over meanwhile."""
        with self._changed:
            call.busy = False
            self._waits(call, math.inf)
            if call.over:
                self._calls.discard(call)
                self._changed.notify_all()

    def resume(self, call: Call) -> None:
        """Its thread is back."""
        with self._changed:
            call.busy = True
            self._works(call)

    def end(self, call: Call) -> None:
        """It is over: its thread leaves now, or as soon as it has done what it is doing."""
        with self._changed:
            call.over = True
            if not call.busy:
                self._calls.discard(call)
                self._changed.notify_all()

    def _waits(self, call: Call, seconds: float) -> None:
        call.idle_since = time.monotonic()
        call.due = call.idle_since + seconds
        if call.due < self._wakes:
            self._changed.notify_all()

    def _works(self, call: Call) -> None:
        call.due = math.inf
        if not call.watches:
            call.idle_since = math.inf

    def _send_away(self, call: Call, why: str) -> None:
        log.info("call of %s from %s ended: %s", call.method, call.peer, why)
        call.stage = Stage.LEAVING
        call.due = math.inf
        call.cancel()
        self._changed.notify_all()

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for call in [call for call in self._calls if call.due <= now]:
                    self._send_away(call, "no message came in time")
                self._wakes = min((call.due for call in self._calls), default=math.inf)
                self._changed.wait(None if self._wakes == math.inf else max(0.0, self._wakes - now))


def _least(calls: Iterable[Call]) -> Call:
    """Of the connection with the most of them, the one that waited longest."""
    found = list(calls)
    held = Counter(call.peer for call in found)
    return max(found, key=lambda call: (held[call.peer], -call.idle_since))
