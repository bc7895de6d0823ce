"""Cases under way on a loaded model: sent, answered, and sent again where the stream broke."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from axpair_proto.advice import again
from axpair_proto.reasons import Reason
from axpair_proto.v1 import runs_pb2

from axpair_host.boards.case import Case, RoundAnswer
from axpair_host.boards.connection import repeatable
from axpair_host.boards.failures import LOST
from axpair_host.boards.inlining import inlined
from axpair_host.boards.limits import round_seconds
from axpair_host.boards.rounds import RoundAssembly
from axpair_host.boards.stream import RunStream
from axpair_host.errors import AgentRefused, BoardError, WorkerLost

if TYPE_CHECKING:
    from axpair_host.boards.loaded import LoadedModel

Result = TypeVar("Result")

_MOST_CUTS = 5
"""How often the stream may break at one case before that case is taken for the cause."""


class Running:
    """The cases of one call of `LoadedModel.run`."""

    def __init__(self, model: "LoadedModel", window: int, lost: Callable[[Case], None] | None) -> None:
        self._model = model
        self._window = max(1, window)
        self._lost = lost
        self._stream: RunStream | None = None
        self._under_way: deque[Case] = deque()
        self._sent = 0
        """How many of those the present stream has."""
        self._assembly: RoundAssembly | None = None
        """Of the first of those, while its rounds come."""
        self._received = 0
        self._cuts = 0

    def answers(self, cases: Iterable[Case]) -> Iterator[RoundAnswer]:
        """See `LoadedModel.run`."""
        source = iter(cases)
        while True:
            while len(self._under_way) < self._window and (case := next(source, None)) is not None:
                self._under_way.append(case)
                # At once: the board is busy while the next case is made.
                self._repeated(self._send)
            if not self._under_way:
                break
            answer = self._repeated(self._answer)
            case = self._under_way[0]
            if answer.last:
                self._under_way.popleft()
                self._sent -= 1
                self._assembly, self._received, self._cuts = None, 0, 0
            if answer.facts.failure is not None and answer.facts.failure.kind == LOST:
                self._take_lost(case, answer)
            else:
                yield answer
        if self._stream is not None:
            self._stream.end()
            self._stream = None

    def close(self) -> None:
        """Break off what is still going on."""
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None

    def _take_lost(self, case: Case, answer: RoundAnswer) -> None:
        if self._lost is not None:
            self._lost(case)
            return
        assert answer.facts.failure is not None
        raise WorkerLost(
            f"{self._model.url}: nothing is known of case {case.id!r}: {answer.facts.failure.message}",
            next_step=again(
                "see to the board's memory and to who ends its processes, and call the same command again:"
            ),
        )

    def _repeated(self, step: Callable[[], Result]) -> Result:
        """A step, again where the connection is lost meanwhile."""
        while True:
            try:
                return step()
            except BoardError as error:
                self._recover(error)

    def _send(self) -> None:
        if self._stream is None:
            self._stream, self._sent = RunStream(self._model.connection), 0
        while self._sent < len(self._under_way):
            self._stream.send(self._request(self._under_way[self._sent]))
            self._sent += 1

    def _answer(self) -> RoundAnswer:
        self._send()
        stream, case = self._stream, self._under_way[0]
        assert stream is not None
        if self._assembly is None:
            self._assembly = RoundAssembly(case, self._model.description, self._model.url)
        so_far = f"{self._received} round{'' if self._received == 1 else 's'}"
        output_bytes = sum(tensor.size_bytes for tensor in self._model.description.outputs)
        stream.allow(round_seconds(case.deadline_ms, output_bytes))
        while True:
            reply = stream.next(f"running case {case.id!r}, of which {so_far} had come back")
            answer = self._assembly.take(reply)
            self._model.connection.works()
            if answer is not None:
                self._model.connection.lost.add(reply.outcome.workers_lost)
                self._received += 1
                return answer

    def _recover(self, error: BoardError) -> None:
        """Make ready for another stream. Raises the error, or what came of it, where that is in vain."""
        model, reason = self._model, self._reason(error)
        if reason is None and not repeatable(error):
            raise error
        had_answer = self._stream is not None and self._stream.has_answered
        self.close()
        case = self._under_way[0]
        if reason not in (Reason.WORKER_START, Reason.BUSY) or had_answer:
            self._cuts += 1
        if self._cuts > _MOST_CUTS:
            raise BoardError(
                f"{error.message}; so it ended {self._cuts} times at case {case.id!r}", next_step=error.next_step
            ) from error
        if self._assembly is not None:
            self._assembly = RoundAssembly(case, model.description, model.url, self._assembly.attempts)
            self._received = 0
        if reason in (None, Reason.WORKER_START, Reason.BUSY):
            model.connection.wait(error, f"running case {case.id!r}")
        # What is missing is sent again with the case; where it is missing still, it is the model.
        if reason in (None, Reason.HANDLE) or (reason is Reason.BLOB and self._cuts > 1):
            model.load_again()

    def _reason(self, error: BoardError) -> Reason | None:
        """Of those for which the same case may be asked for again."""
        reason = error.reason if isinstance(error, AgentRefused) else None
        return reason if reason in (Reason.HANDLE, Reason.BLOB, Reason.WORKER_START, Reason.BUSY) else None

    def _request(self, case: Case) -> runs_pb2.RunRequest:
        both = {("case", name): data for name, data in case.inputs.items()}
        both |= {("before", name): data for name, data in case.before.items()}
        inside = inlined(both)
        given: dict[str, list[runs_pb2.RunInput]] = {"case": [], "before": []}
        for key, data in both.items():
            side, name = key
            given[side].append(
                runs_pb2.RunInput(name=name, inline=data)
                if key in inside
                else runs_pb2.RunInput(name=name, sha256=self._model.blobs.hold(data))
            )
        return runs_pb2.RunRequest(
            handle=self._model.handle,
            case_id=case.id,
            inputs=given["case"],
            repeat=case.repeat,
            deadline_ms=case.deadline_ms,
            want_probe=case.want_probe,
            fresh_worker=case.fresh_worker,
            before=given["before"],
        )
