"""A model that stays loaded: its present worker, and the fresh one that replaces it after a failure."""

import contextlib
import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence

from axpair_proto.description import ModelDescription
from axpair_proto.reasons import Reason
from axpair_proto.v1.failures_pb2 import RuntimeFailure

from axpair_agent import failures
from axpair_agent.answers import Fault, RoundFacts
from axpair_agent.blobs import BlobStore
from axpair_agent.cases import Case, Round, arrange
from axpair_agent.conversation import ATTEMPTS, Answer, Conversation, WorkerLost
from axpair_agent.errors import CallError
from axpair_agent.loading import Loaded, LoadRefused, load
from axpair_agent.turn import Turn, TurnOver
from axpair_agent.worker.frames import FrameError, Kind

LOAD_SECONDS = 180.0
"""How long one loading may take where the host doesn't say."""

UNREAD_SECONDS = 1.0
"""A model that is unloaded waits no longer for a host that doesn't take the present case's answers."""

log = logging.getLogger(__name__)


class _Interrupted(Exception):
    """A worker was ended from outside in a case's round of that number."""

    def __init__(self, number: int, lost: WorkerLost) -> None:
        super().__init__(str(lost))
        self.number = number
        self.lost = lost


class ResidentModel:
    """One loaded model. Cases of several streams run one after the other."""

    def __init__(
        self, handle: str, sha256: str, start: Callable[[], Conversation], blobs: BlobStore, by_path: bool
    ) -> None:
        self.handle = handle
        self.sha256 = sha256
        self.generation = 0
        self.rounds = 0
        self._start = start
        self._blobs = blobs
        self._by_path = by_path
        self._held = contextlib.ExitStack()
        self._worker: Conversation | None = None
        self._loading: Conversation | None = None
        self._description: ModelDescription | None = None
        self._probed = False
        self._last: Sequence[bytes] | None = None
        """The inputs that the present worker ran last; None where it ran none, or a probe."""
        self._lost = 0
        self._closed = False
        self._turn = Turn()

    @property
    def description(self) -> ModelDescription:
        """Of the present loading. Raises CallError HANDLE before there was one."""
        if self._description is None:
            raise CallError(Reason.HANDLE, f"the model {self.handle} isn't loaded yet")
        return self._description

    @property
    def pid(self) -> int:
        """The worker's process id on its machine, 0 when none runs."""
        worker = self._worker
        return worker.hello.pid if worker is not None and worker.alive else 0

    def load(self, seconds: float) -> Loaded:
        """Load into a fresh worker, within `seconds` (0 = 180); again where one is ended from outside.

        Raises LoadRefused, and CallError where blob or worker can't be had.
        """
        with contextlib.ExitStack() as held:
            path = held.enter_context(self._blobs.in_use(self.sha256))
            last, log_lines = "", list[str]()
            for _ in range(ATTEMPTS):
                worker = self._start()
                self.generation += 1
                self._lost += worker.lost_before
                self._loading = worker
                try:
                    loaded = load(worker, path, self.sha256, self._by_path, seconds or LOAD_SECONDS)
                    break
                except LoadRefused:
                    self._blobs.check_there(self.sha256)
                    raise
                except WorkerLost as lost:
                    self._count_lost(str(lost))
                    last, log_lines = str(lost), lost.log_lines
            else:
                raise LoadRefused(failures.lost(last, ATTEMPTS), log_lines)
            self._worker, self._description, self._probed, self._last = worker, loaded.description, False, None
            self._loading = None
            # Held until the model goes: a fresh worker will want the file again.
            self._held.close()
            self._held = held.pop_all()
        log.info("model %s: loaded into worker %d, pid %d", self.handle, self.generation, worker.hello.pid)
        return loaded

    def take_lost(self) -> int:
        """How many workers were lost since this was asked last: ended from outside, or while idle."""
        lost, self._lost = self._lost, 0
        return lost

    def run(self, case: Case) -> Generator[Round, None, None]:
        """Run a case, its rounds as they come; a failed one is the last of the case and takes its worker with it.

        Where a worker is ended from outside, all rounds run again in a fresh one, as another attempt; after the third
        the last round's failure is LOST. A failed round 0 isn't the last: the case then runs without one in a fresh
        worker. Inputs that don't fit are a failed round too, but no worker sees them. An iterator that is given up
        ends the worker. Raises CallError where the model was unloaded, or no fresh worker can be had.
        """
        with self._turn:
            if self._closed:
                raise CallError(Reason.HANDLE, f"the model {self.handle} was unloaded")
            inputs = arrange(self.description, case.inputs)
            if isinstance(inputs, RuntimeFailure):
                yield self._failed(1, 0, [], inputs)
                return
            for attempt in range(ATTEMPTS):
                try:
                    yield from self._attempt(case, inputs, attempt)
                    return
                except _Interrupted as interrupted:
                    number, lost = max(1, interrupted.number), interrupted.lost
                    self._count_lost(str(lost))
            yield self._failed(number, attempt, lost.log_lines, failures.lost(str(lost), ATTEMPTS))

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Within, an answer of the present case is handed out. Raises CallError where the model was unloaded since."""
        try:
            with self._turn.kept_waiting():
                yield
        except TurnOver as over:
            raise CallError(Reason.HANDLE, f"the model {self.handle} was unloaded") from over

    def close(self) -> None:
        """End the worker once the present case is over, or nobody takes its answers; and let the blob go."""
        self._closed = True
        self._turn.take_over(UNREAD_SECONDS)
        self._drop_worker()
        self._held.close()

    def kill(self) -> None:
        """End the worker at once, whatever it does, and one that just loads."""
        for worker in (self._worker, self._loading):
            if worker is not None:
                worker.kill()

    def _attempt(self, case: Case, inputs: Sequence[bytes], attempt: int) -> Iterator[Round]:
        """All rounds of a case. Raises _Interrupted where the worker was ended from outside."""
        before = arrange(self.description, case.before) if case.before else ()
        if isinstance(before, RuntimeFailure):
            yield self._failed(0, attempt, [], before)
        try:
            worker = self._ready_worker(case.fresh_worker)
            if not isinstance(before, RuntimeFailure) and (before or (case.want_probe and not self._probed)):
                ahead = not before or before == self._last
                if ahead or (yield from self._run_ahead(worker, [inputs, before], attempt, case.seconds)):
                    kinds = ["before" if before else "probe", *["case"] * case.repeat]
                    if (yield from self._rounds(worker, kinds, 0, attempt, [inputs, before], case.seconds)):
                        return
                # The round before the case failed: that is said, and the case may be right all the same.
                worker = self._ready_worker(False)
            yield from self._rounds(worker, ["case"] * case.repeat, 1, attempt, [inputs], case.seconds)
        except LoadRefused as refused:
            refused.failure.message = f"while loading the model again: {refused.failure.message}"
            yield self._failed(1, attempt, refused.log_lines, refused.failure)

    def _run_ahead(
        self, worker: Conversation, inputs: Sequence[Sequence[bytes]], attempt: int, seconds: float
    ) -> Generator[Round, None, bool]:
        """Run what comes before a case once more, ahead of it, and whether that ran; only a failure is told.

        Where every case runs, the one before has just run when it runs again as the round 0 of the next. A board may
        answer with what it ran last: so round 0 gives the same wherever a replay was interrupted.
        """
        for done in self._rounds(worker, ["before"], 0, attempt, inputs, seconds):
            if done.failure is not None:
                yield done
                return False
            self._lost += done.workers_lost
        return True

    def _ready_worker(self, fresh: bool) -> Conversation:
        if self._worker is not None and (end := self._worker.end()):
            self._count_lost(f"while nothing was asked of it, {end}")
            self._drop_worker()
        if fresh or self._worker is None or not self._worker.alive:
            self._drop_worker()
            self.load(0)
        assert self._worker is not None
        return self._worker

    def _drop_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _count_lost(self, how: str) -> None:
        self._lost += 1
        log.warning("model %s, worker %d lost: %s", self.handle, self.generation, how)

    def _rounds(
        self,
        worker: Conversation,
        kinds: Sequence[str],
        first: int,
        attempt: int,
        inputs: Sequence[Sequence[bytes]],
        seconds: float,
    ) -> Generator[Round, None, bool]:
        """One request's rounds, numbered from `first`; the worker goes unless all of them ran.

        Returns whether there was a round of the case itself, failed or not.
        """
        sizes = [[len(data) for data in side] for side in inputs]
        header = {"rounds": kinds, "sizes": sizes[0], **({"before_sizes": sizes[1]} if sizes[1:] else {})}
        payload = [data for side in inputs for data in side]
        number = first
        complete = False
        since = time.monotonic()
        try:
            for answer in worker.ask(Kind.RUN, header, payload, seconds, len(kinds), self.description):
                kind = kinds[number - first]
                self._probed = self._probed or kind == "probe"
                self._last = {"before": inputs[-1], "case": inputs[0]}.get(kind)
                self.rounds += 1
                now = time.monotonic()
                done = self._round(number, attempt, answer, now - since)
                complete = done.failure is None and number - first + 1 == len(kinds)
                yield done
                if done.failure is not None:
                    break
                number, since = number + 1, now
        except FrameError as error:
            yield self._failed(number, attempt, [], failures.unfit(str(error)))
        except WorkerLost as lost:
            if lost.outside:
                raise _Interrupted(number, lost) from lost
            log.warning("model %s, worker %d: %s", self.handle, self.generation, lost)
            yield self._failed(number, attempt, lost.log_lines, lost.failure)
        finally:
            if not complete:
                self._drop_worker()
        return number > 0

    def _failed(self, number: int, attempt: int, log_lines: list[str], failure: RuntimeFailure) -> Round:
        return Round(
            number, self.generation, log_lines, failure=failure, attempt=attempt, workers_lost=self.take_lost()
        )

    def _round(self, number: int, attempt: int, answer: Answer, seconds: float) -> Round:
        return Round(
            number,
            self.generation,
            answer.log_lines,
            facts=answer.facts if isinstance(answer.facts, RoundFacts) else None,
            payload=answer.payload,
            agent_us=int(seconds * 1e6),
            failure=failures.fault(answer.facts) if isinstance(answer.facts, Fault) else None,
            attempt=attempt,
            workers_lost=self.take_lost(),
        )
