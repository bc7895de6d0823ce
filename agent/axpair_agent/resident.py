"""A model that stays loaded: its present worker, and the fresh one that replaces it after a failure."""

import contextlib
import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence

from axpair_proto.description import ModelDescription
from axpair_proto.reasons import Reason
from axpair_proto.v1.failures_pb2 import RuntimeFailure

from axpair_agent import failures
from axpair_agent.blobs import BlobStore
from axpair_agent.cases import Case, Round, arrange
from axpair_agent.conversation import Answer, Conversation, WorkerLost
from axpair_agent.errors import CallError
from axpair_agent.loading import Loaded, LoadRefused, load
from axpair_agent.turn import Turn, TurnOver
from axpair_agent.worker.frames import FrameError, Kind

LOAD_SECONDS = 180.0
"""How long one loading may take where the host doesn't say."""

UNREAD_SECONDS = 1.0
"""A model that is unloaded waits no longer for a host that doesn't take the present case's answers."""

log = logging.getLogger(__name__)


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
        self._description: ModelDescription | None = None
        self._probed = False
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
        """Load into a fresh worker, within `seconds` (0 = 180).

        Raises LoadRefused, and CallError where blob or worker can't be had.
        """
        with contextlib.ExitStack() as held:
            path = held.enter_context(self._blobs.in_use(self.sha256))
            worker = self._start()
            self.generation += 1
            loaded = load(worker, path, self.sha256, self._by_path, seconds or LOAD_SECONDS)
            self._worker, self._description, self._probed = worker, loaded.description, False
            # Held until the model goes: a fresh worker will want the file again.
            self._held.close()
            self._held = held.pop_all()
        log.info("model %s: loaded into worker %d, pid %d", self.handle, self.generation, worker.hello.pid)
        return loaded

    def run(self, case: Case) -> Generator[Round, None, None]:
        """Run a case, its rounds as they come; a failed one is the last and takes its worker with it.

        Inputs that don't fit are a failed round too, but no worker sees them. An iterator that is given up ends the
        worker. Raises CallError where the model was unloaded, or no fresh worker can be had.
        """
        with self._turn:
            if self._closed:
                raise CallError(Reason.HANDLE, f"the model {self.handle} was unloaded")
            inputs = arrange(self.description, case.inputs)
            if isinstance(inputs, RuntimeFailure):
                yield Round(1, self.generation, [], failure=inputs)
                return
            try:
                worker = self._ready_worker(case.fresh_worker)
            except LoadRefused as refused:
                refused.failure.message = f"while loading the model again: {refused.failure.message}"
                yield Round(1, self.generation, refused.log_lines, failure=refused.failure)
                return
            complete = False
            try:
                for done in self._rounds(worker, case, inputs):
                    complete = done.failure is None and done.number == case.repeat
                    yield done
            finally:
                if not complete:
                    self._drop_worker()

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
        """End the worker at once, whatever it does."""
        worker = self._worker
        if worker is not None:
            worker.kill()

    def _ready_worker(self, fresh: bool) -> Conversation:
        if fresh or self._worker is None or not self._worker.alive:
            self._drop_worker()
            self.load(0)
        assert self._worker is not None
        return self._worker

    def _drop_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _rounds(self, worker: Conversation, case: Case, inputs: Sequence[bytes]) -> Iterator[Round]:
        kinds = ["case"] * case.repeat
        number = 1
        if case.want_probe and not self._probed:
            kinds.insert(0, "probe")
            number = 0
        header = {"rounds": kinds, "sizes": [len(data) for data in inputs]}
        since = time.monotonic()
        try:
            for answer in worker.ask(Kind.RUN, header, inputs, case.seconds, answers=len(kinds)):
                self._probed = self._probed or number == 0
                self.rounds += 1
                now = time.monotonic()
                yield self._round(number, answer, now - since)
                number, since = number + 1, now
        except FrameError as error:
            yield Round(number, self.generation, [], failure=failures.unfit(str(error)))
        except WorkerLost as lost:
            log.warning("model %s, worker %d: %s", self.handle, self.generation, lost.failure.message)
            yield Round(number, self.generation, lost.log_lines, failure=lost.failure)

    def _round(self, number: int, answer: Answer, seconds: float) -> Round:
        failed = answer.frame.kind is Kind.FAULT
        return Round(
            number,
            self.generation,
            answer.log_lines,
            header=answer.frame.header,
            payload=answer.frame.payload,
            agent_us=int(seconds * 1e6),
            failure=failures.fault(answer.frame) if failed else None,
        )
