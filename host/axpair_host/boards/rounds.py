"""From the stream's replies to whole rounds: chunks into buffers, outcomes into facts."""

from axpair_proto.description import ModelDescription
from axpair_proto.gt.tensors import MAX_TENSOR_BYTES
from axpair_proto.v1 import runs_pb2

from axpair_host.boards.case import Case, RoundAnswer
from axpair_host.boards.failures import failure_of
from axpair_host.digests import bytes_sha256
from axpair_host.errors import BoardError
from axpair_host.evidence.record import Round, RoundOutput
from axpair_host.probing import probe_input

_KINDS = {runs_pb2.RunReply.PROBE: "probe", runs_pb2.RunReply.CASE: "case"}


class RoundAssembly:
    """Takes one case's replies in their order and gives a round whenever one is whole."""

    def __init__(self, case: Case, description: ModelDescription) -> None:
        self._case = case
        self._description = description
        self._buffers: dict[int, bytearray] = {}
        self._received: dict[int, int] = {}
        dtypes = {tensor.name: tensor.dtype for tensor in description.inputs}
        self._sent = {
            "case": {name: bytes_sha256(data) for name, data in case.inputs.items()},
            "probe": {
                name: bytes_sha256(probe_input(data, dtypes.get(name, "uint8"))) for name, data in case.inputs.items()
            }
            if case.want_probe
            else {},
        }

    def take(self, reply: runs_pb2.RunReply | None, url: str) -> RoundAnswer | None:
        """One reply; None stands for the stream's end. Raises BoardError when the reply makes no sense here."""
        if reply is None:
            raise BoardError(f"{url}: the agent ended the stream before case {self._case.id!r} was done")
        part = reply.WhichOneof("part")
        if reply.case_id != self._case.id or reply.kind not in _KINDS or part is None:
            raise BoardError(
                f"{url}: expected an answer to case {self._case.id!r}, got kind {reply.kind} of {reply.case_id!r}"
            )
        if part == "chunk":
            self._chunk(reply.chunk, url)
            return None
        return self._round(reply)

    def _chunk(self, chunk: runs_pb2.OutputChunk, url: str) -> None:
        outputs = self._description.outputs
        if chunk.output >= len(outputs):
            raise BoardError(f"{url}: a chunk of output {chunk.output}, but the model has {len(outputs)}")
        buffer = self._buffers.setdefault(chunk.output, bytearray(outputs[chunk.output].size_bytes))
        done, data = self._received.get(chunk.output, 0), chunk.data
        if chunk.offset_bytes != done or done + len(data) > MAX_TENSOR_BYTES:
            raise BoardError(f"{url}: a chunk at {chunk.offset_bytes} of {len(data)} bytes, where {done} was expected")
        buffer[done : done + len(data)] = data
        self._received[chunk.output] = done + len(data)

    def _round(self, reply: runs_pb2.RunReply) -> RoundAnswer:
        outcome = reply.outcome
        kind = _KINDS[reply.kind]
        failure = failure_of(outcome.failure) if outcome.HasField("failure") else None
        data = {}
        if failure is None:
            data = {output.name: self._data(index, output) for index, output in enumerate(outcome.outputs)}
        facts = Round(
            kind=kind,
            number=reply.round,
            worker_generation=outcome.worker_generation,
            delivered={given.name: given.sha256 for given in outcome.delivered},
            sent=self._sent[kind],
            outputs=tuple(map(_output_facts, outcome.outputs)),
            failure=failure,
            log_lines=tuple(outcome.log_lines),
            run_us=outcome.timings.run_us,
        )
        self._buffers.clear()
        self._received.clear()
        last = failure is not None or (kind == "case" and reply.round >= max(1, self._case.repeat))
        return RoundAnswer(self._case.id, facts, data, last)

    def _data(self, index: int, output: runs_pb2.RunOutput) -> memoryview:
        if index not in self._buffers:
            return memoryview(output.data)
        return memoryview(self._buffers[index])[: self._received[index]]


def _output_facts(output: runs_pb2.RunOutput) -> RoundOutput:
    return RoundOutput(
        name=output.name,
        sha256=output.sha256,
        size_bytes=output.size_bytes,
        poisoned=output.poisoned,
        survivors=tuple((span.offset_bytes, span.length_bytes) for span in output.survivors),
    )
