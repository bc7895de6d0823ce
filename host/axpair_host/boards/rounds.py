"""From the stream's replies to whole rounds: in their order, of one worker, and no more than were asked for."""

from axpair_proto.description import ModelDescription
from axpair_proto.v1 import runs_pb2

from axpair_host.boards.case import Case, RoundAnswer
from axpair_host.boards.failures import LOST, failure_of
from axpair_host.boards.limits import ATTEMPTS
from axpair_host.boards.outputs import (
    Nonsense,
    RoundOutputs,
    delivered_inputs,
    log_lines,
    makes_sense,
    output_facts,
)
from axpair_host.digests import bytes_sha256
from axpair_host.evidence.record import Round
from axpair_host.probing import probe_input

_KINDS = {runs_pb2.RunReply.PROBE: "probe", runs_pb2.RunReply.CASE: "case"}
_MOST_SHOWN = 80


class RoundAssembly:
    """Takes one case's replies in their order and gives a round whenever one is whole."""

    def __init__(self, case: Case, description: ModelDescription, url: str, tries: int = 0) -> None:
        """`tries`: how many attempts at this case are void already, each on a stream that broke."""
        self._case = case
        self._description = description
        self._url = url
        self._tries = tries
        self._attempt = 0
        self._sent = {"case": _digests(case), "probe": _probe_digests(case, description)}
        self._begin()

    @property
    def attempts(self) -> int:
        """How many attempts at this case there were so far, the present one included."""
        return self._tries + self._attempt + 1

    def take(self, reply: runs_pb2.RunReply) -> RoundAnswer | None:
        """One reply; an answer when it ends a round. Raises BoardError when it makes no sense here."""
        with makes_sense(self._url, f"running case {self._case.id!r}"):
            return self._taken(reply)

    def _begin(self) -> None:
        """A new attempt: nothing of the one before counts."""
        self._next = 0
        self._generation: int | None = None
        self._outputs = RoundOutputs(self._description)

    def _taken(self, reply: runs_pb2.RunReply) -> RoundAnswer | None:
        if reply.case_id != self._case.id or reply.kind not in _KINDS:
            raise Nonsense(f"kind {reply.kind} of case {reply.case_id[:_MOST_SHOWN]!r}")
        if not self._attempt <= reply.attempt < ATTEMPTS:
            raise Nonsense(f"attempt {reply.attempt} behind attempt {self._attempt} of at most {ATTEMPTS}")
        if reply.attempt > self._attempt:
            self._attempt = reply.attempt
            self._begin()
        part = reply.WhichOneof("part")
        failed = part == "outcome" and reply.outcome.HasField("failure")
        self._check_order(reply, failed)
        if part == "chunk":
            self._outputs.chunk(reply.chunk)
            return None
        if part is None:
            raise Nonsense("a reply with nothing in it")
        return self._round(reply, failed)

    def _check_order(self, reply: runs_pb2.RunReply, failed: bool) -> None:
        kind, number = _KINDS[reply.kind], reply.round
        if (kind == "probe") != (number == 0):
            raise Nonsense(f"a {kind} round with number {number}")
        expected = {self._next}
        if self._next == 0:
            # Without inputs of its own a probe is due after a fresh loading alone; a case may fail before its probe.
            has_probe = bool(self._case.before) or self._case.want_probe
            expected = {0, 1} if has_probe and (failed or not self._case.before) else {0} if has_probe else {1}
        if number not in expected:
            raise Nonsense(f"round {number}, where {' or '.join(map(str, sorted(expected)))} was due")

    def _round(self, reply: runs_pb2.RunReply, failed: bool) -> RoundAnswer:
        outcome, kind = reply.outcome, _KINDS[reply.kind]
        failure = failure_of(outcome.failure) if failed else None
        if failure is None and self._generation not in (None, outcome.worker_generation):
            raise Nonsense(f"rounds of the workers {self._generation} and {outcome.worker_generation}")
        if failed and outcome.outputs:
            raise Nonsense("outputs of a round that failed")
        data = self._outputs.outcome(outcome) if failure is None else {}
        facts = Round(
            kind=kind,
            number=reply.round,
            worker_generation=outcome.worker_generation,
            delivered=delivered_inputs(outcome, self._description),
            sent=self._sent[kind],
            outputs=tuple(map(output_facts, outcome.outputs)),
            failure=failure,
            log_lines=log_lines(outcome.log_lines, len(outcome.log_lines)),
            run_us=outcome.timings.run_us,
        )
        self._outputs = RoundOutputs(self._description)
        self._next = reply.round + 1
        # Behind a probe that failed comes another worker.
        self._generation = outcome.worker_generation if failure is None else None
        is_over = failure is not None and (kind == "case" or failure.kind == LOST)
        last = is_over or reply.round >= max(1, self._case.repeat)
        return RoundAnswer(self._case.id, facts, data, last, self.attempts - 1)


def _digests(case: Case) -> dict[str, str]:
    return {name: bytes_sha256(data) for name, data in case.inputs.items()}


def _probe_digests(case: Case, description: ModelDescription) -> dict[str, str]:
    if case.before:
        return {name: bytes_sha256(data) for name, data in case.before.items()}
    if not case.want_probe:
        return {}
    dtypes = {tensor.name: tensor.dtype for tensor in description.inputs}
    return {name: bytes_sha256(probe_input(data, dtypes.get(name, "uint8"))) for name, data in case.inputs.items()}
