"""Talking with one worker: a request, its answers, each within a deadline; and what its end means."""

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from axpair_proto.description import ModelDescription
from axpair_proto.reasons import Reason
from axpair_proto.v1.failures_pb2 import RuntimeFailure

from axpair_agent import failures
from axpair_agent.answers import Facts, Fault, Held, Hello, LoadFacts, NoRuntime, RoundFacts, read_answer
from axpair_agent.errors import CallError
from axpair_agent.launch import WorkerProcess
from axpair_agent.loglines import LogLines
from axpair_agent.watchdog import Watchdog
from axpair_agent.worker.frames import Buffer, CutShort, EndOfFrames, Frame, FrameError, Kind, pack, read

START_SECONDS = 120.0
"""How long python and the runtime's libraries may take to start on a slow board."""

LATE_SECONDS = 2.0
"""So long after a limit nobody is left who could still be waiting; a worker ends by itself a second later."""

ATTEMPTS = 3
"""So often is tried what workers don't finish that are ended from outside."""

EXIT_SECONDS = 10.0
"""How long it may take until it is known how a worker ended: its keeper first ends what it left behind."""

ENDING_SECONDS = 3.0
"""How long a worker may take to end, or its last lines to arrive."""


log = logging.getLogger(__name__)


ANSWERS: Mapping[Kind, tuple[type[Facts], ...]] = {
    Kind.HAVE: (Held,),
    Kind.PUT: (Held, Fault),
    Kind.LOAD: (LoadFacts, Fault),
    Kind.RUN: (RoundFacts, Fault),
}
"""What each request may be answered with."""


@dataclass(frozen=True)
class Answer:
    """One answer and what was printed for it."""

    facts: Facts
    payload: bytearray
    """Of a round: all outputs, one after the other."""
    log_lines: list[str]


class WorkerLost(Exception):
    """The worker is gone: how, and what it printed at last. It was killed where it had not ended by itself.

    `outside`: no program's own fault ends so (SIGKILL that we didn't send, stopped), or nothing had been asked of it
    yet. It is no evidence: what was asked may be asked again in a fresh worker.
    """

    def __init__(self, failure: RuntimeFailure, log_lines: list[str], outside: bool = False) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.log_lines = log_lines
        self.outside = outside


def begin(start: Callable[[], WorkerProcess]) -> "Conversation":
    """Start a worker and wait until it is ready; another one where it is ended from outside, three times at most.

    Raises CallError as `Launcher.start` does, WORKER_START also after the third, and OPTION.
    """
    last = ""
    for lost in range(ATTEMPTS):
        try:
            worker = Conversation(start())
        except WorkerLost as gone:
            log.warning("a worker that started: %s; it changes nothing, another one is started", gone)
            last = str(gone)
            continue
        worker.lost_before = lost
        return worker
    raise CallError(Reason.WORKER_START, failures.lost(last, ATTEMPTS).message, next_step="try again")


class Conversation:
    """One worker from its start to its end. One thread at a time asks; `kill` may come from any."""

    def __init__(self, process: WorkerProcess) -> None:
        """Wait until the worker is ready.

        Raises CallError WORKER_START or OPTION, with its own words; WorkerLost where it was ended from outside.
        """
        self.lost_before = 0
        """How many workers were lost in its place."""
        self._process = process
        self._logs = LogLines(process.read_log)
        self._watchdog = Watchdog(self._give_up)
        self._closed = False
        self._killed = False
        self._stopped = False
        try:
            facts = self._facts(self._next_frame(START_SECONDS, "start"), (Hello, NoRuntime))
        except WorkerLost as lost:
            if lost.outside:
                raise
            said = "; ".join(lost.log_lines[-5:])
            raise CallError(
                Reason.WORKER_START, lost.failure.message + (f". It printed: {said}" if said else "")
            ) from lost
        if isinstance(facts, NoRuntime):
            self.close()
            raise CallError(Reason.OPTION if facts.bad_option else Reason.WORKER_START, facts.message)
        assert isinstance(facts, Hello)
        self.hello = facts

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return not self._closed and self._process.wait(0) is None

    def end(self) -> str:
        """How an idle worker ended by itself, for people; empty while it runs, or where we ended it."""
        if self._closed:
            return ""
        # Where it is gone its keeper, or sshd, says how in a moment.
        how = self._process.wait(EXIT_SECONDS if self._process.gone() else 0)
        if how is None:
            return ""
        return "the connection to it broke" if how.lost else failures.ended(how).message

    def ask(
        self,
        kind: Kind,
        header: Mapping[str, Any],
        payload: Sequence[Buffer],
        seconds: float,
        answers: int = 1,
        model: ModelDescription | None = None,
    ) -> Iterator[Answer]:
        """Send a request and yield its answers, at most `answers`; a Fault is the last.

        Rounds are held against the `model`; any other answer is held against what the request may be answered with.
        Each answer may take `seconds`. Raises WorkerLost, or CallError WORKER_START where only the connection broke;
        the conversation is then closed.
        """
        nonce = secrets.token_hex(8)
        self._logs.expect(f"{nonce}-{number}" for number in range(answers))
        request = pack(kind, {**header, "nonce": nonce, "deadline_ms": int(seconds * 1000)}, payload)
        for number in range(answers):
            frame = self._next_frame(seconds, "answer", request if number == 0 else ())
            expected = f"{nonce}-{number}"
            if frame.header.get("nonce") != expected:
                raise self._garbage(f"an answer to another request: {frame.kind.name}")
            facts = self._facts(frame, ANSWERS[kind], model)
            if isinstance(facts, RoundFacts | Fault) and facts.round != number:
                raise self._garbage(f"round {facts.round} where {number} was due")
            log_lines = self._logs.until(expected, ENDING_SECONDS)
            if isinstance(facts, Fault) and facts.kind == "LOST":
                self.close()
                raise WorkerLost(failures.fault(facts), log_lines, outside=True)
            yield Answer(facts, frame.payload, log_lines)
            if isinstance(facts, Fault):
                return

    def ask_once(self, kind: Kind, header: Mapping[str, Any], payload: Sequence[Buffer], seconds: float) -> Answer:
        """Send a request that has one answer. Raises WorkerLost."""
        return next(self.ask(kind, header, payload, seconds))

    def kill(self) -> None:
        """End the worker at once; a call that waits for it raises CallError ENDING."""
        self._killed = True
        self._process.kill()

    def close(self) -> None:
        """Let an idle worker close its model and end, or end it when it takes too long. May be called again."""
        if self._closed:
            return
        with contextlib.suppress(OSError), self._watchdog.limit(ENDING_SECONDS):
            self._process.write(pack(Kind.CLOSE, {}))
            self._process.wait(ENDING_SECONDS)
        self._end()

    def _next_frame(self, seconds: float, what: str, request: Sequence[Buffer] = ()) -> Frame:
        frame = problem = None
        asked = True
        since = time.monotonic()
        try:
            with self._watchdog.limit(seconds):
                try:
                    self._process.write(request)
                except OSError:
                    # A worker that is gone may have said why before it went: reading tells.
                    asked = False
                frame = read(self._process.readinto)
        except (EndOfFrames, FrameError, OSError) as error:
            problem = error
        # We were stopped ourselves: it may be we who didn't take the answer in time.
        late = time.monotonic() - since > seconds + LATE_SECONDS
        if self._watchdog.expired:
            raise WorkerLost(failures.hung(what, seconds, self._stopped), self._end(), self._stopped or late)
        if frame is not None:
            return frame
        if isinstance(problem, FrameError) and not isinstance(problem, CutShort):
            raise self._garbage(str(problem))
        how = self._process.wait(EXIT_SECONDS)
        if how is None:
            raise self._garbage("the end of its frames while it still ran")
        log_lines = self._end()
        if self._killed:
            raise CallError(Reason.ENDING, "the worker was ended by its agent, which is ending")
        if how.lost:
            raise CallError(Reason.WORKER_START, "the connection to the worker broke", next_step="run the case again")
        raise WorkerLost(failures.ended(how), log_lines, how.signal == "SIGKILL" or late or not asked)

    def _facts(self, frame: Frame, expected: tuple[type[Facts], ...], model: ModelDescription | None = None) -> Facts:
        """What a frame says, of one of the kinds that are `expected`. Raises WorkerLost where it makes no sense."""
        try:
            facts = read_answer(frame, model)
        except FrameError as error:
            raise self._garbage(str(error)) from error
        if not isinstance(facts, expected):
            raise self._garbage(f"{frame.kind.name}, which is no answer to what was asked")
        return facts

    def _give_up(self) -> None:
        self._stopped = self._process.stopped()
        self._process.kill()

    def _garbage(self, found: str) -> WorkerLost:
        return WorkerLost(failures.garbage(found), self._end())

    def _end(self) -> list[str]:
        self._closed = True
        if self._process.wait(0) is None:
            self._process.kill()
            self._process.wait(ENDING_SECONDS)
        self._watchdog.end()
        # A child of the worker may hold its fd 2 open for longer: what is there by then is all that counts.
        log_lines = self._logs.rest(ENDING_SECONDS)
        self._process.release()
        return log_lines
