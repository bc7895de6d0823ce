"""A round as the messages of `Runs.Run`: chunks of large outputs, then the outcome."""

from collections.abc import Iterator
from functools import partial

from axpair_proto.description import ModelDescription
from axpair_proto.v1 import runs_pb2

from axpair_agent.answers import Output
from axpair_agent.cases import Round

CHUNK_BYTES = 1 << 20
INLINE_BYTES = 4 << 20
"""Of all outputs in one outcome, which hosts bound."""


def messages(request: runs_pb2.RunRequest, description: ModelDescription, done: Round) -> Iterator[runs_pb2.RunReply]:
    """The round's messages, in the order of the protocol."""
    kind = runs_pb2.RunReply.CASE if done.number else runs_pb2.RunReply.PROBE
    parts = partial(runs_pb2.RunReply, case_id=request.case_id, kind=kind, round=done.number, attempt=done.attempt)
    outcome = runs_pb2.RunOutcome(
        log_lines=done.log_lines,
        timings=runs_pb2.RunTimings(
            run_us=done.facts.run_us if done.facts else 0,
            worker_us=done.facts.worker_us if done.facts else 0,
            agent_us=done.agent_us,
        ),
        worker_generation=done.generation,
        failure=done.failure,
        workers_lost=done.workers_lost,
    )
    if done.facts is not None:
        view, start, room = memoryview(done.payload), 0, INLINE_BYTES
        for index, (tensor, found) in enumerate(zip(description.outputs, done.facts.outputs, strict=True)):
            data = view[start : start + found.size_bytes]
            start += found.size_bytes
            inline = len(data) <= min(CHUNK_BYTES, room)
            room -= len(data) if inline else 0
            for offset in range(0, 0 if inline else len(data), CHUNK_BYTES):
                chunk = runs_pb2.OutputChunk(
                    output=index, offset_bytes=offset, data=bytes(data[offset : offset + CHUNK_BYTES])
                )
                yield parts(chunk=chunk)
            outcome.outputs.append(_output(tensor.name, found, bytes(data) if inline else b""))
        outcome.delivered.extend(
            runs_pb2.DeliveredInput(name=tensor.name, sha256=given.sha256, size_bytes=given.size_bytes)
            for tensor, given in zip(description.inputs, done.facts.delivered, strict=True)
        )
    yield parts(outcome=outcome)


def _output(name: str, found: Output, data: bytes) -> runs_pb2.RunOutput:
    return runs_pb2.RunOutput(
        name=name,
        sha256=found.sha256,
        size_bytes=found.size_bytes,
        data=data,
        poisoned=found.poisoned,
        survivors=[runs_pb2.ByteRange(offset_bytes=offset, length_bytes=length) for offset, length in found.survivors],
    )
