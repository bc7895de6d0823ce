"""What comes back of one round, held against the model's description before memory is taken for it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from axpair_proto.description import ModelDescription
from axpair_proto.dtypes import size_bytes
from axpair_proto.v1 import runs_pb2

from axpair_host.boards.limits import (
    MAX_CHUNK_BYTES,
    MAX_INLINE_BYTES,
    MAX_LOG_BYTES,
    MAX_LOG_LINES,
    MAX_ROUND_BYTES,
    MAX_SURVIVORS,
)
from axpair_host.errors import BoardError
from axpair_host.evidence.record import RoundOutput

Array = np.ndarray[Any, Any]

_LARGER = 8
"""An output may be so much larger than declared, as with float64 in place of int8: then it is evidence."""
_HEXADECIMAL = frozenset("0123456789abcdef")
_DIGEST_LETTERS = 64


class Nonsense(Exception):
    """An answer that no right agent gives: what is wrong with it."""


@contextmanager
def makes_sense(url: str, doing: str) -> Iterator[None]:
    """Turn Nonsense into the error for people."""
    try:
        yield
    except Nonsense as wrong:
        raise BoardError(
            f"{url}: the agent's answer while {doing} makes no sense: {wrong}",
            next_step="install the same axpair release on both sides; if it stays, report it with the agent's log",
        ) from wrong


class RoundOutputs:
    """Takes the chunks of one round, then its outcome."""

    def __init__(self, description: ModelDescription) -> None:
        self._description = description
        self._buffers: dict[int, bytearray] = {}
        self._total = 0

    def chunk(self, chunk: runs_pb2.OutputChunk) -> None:
        """Take the next piece. Raises Nonsense where it doesn't go on where the one before ended, or is too much."""
        index, data = chunk.output, chunk.data
        outputs = self._description.outputs
        if index >= len(outputs):
            raise Nonsense(f"a chunk of output {index}, the model has {len(outputs)}")
        done = len(self._buffers.get(index, b""))
        if chunk.offset_bytes != done or not 0 < len(data) <= MAX_CHUNK_BYTES:
            raise Nonsense(f"a chunk at {chunk.offset_bytes} of {len(data)} bytes, where {done} was expected")
        if done % MAX_CHUNK_BYTES:
            raise Nonsense(f"a chunk behind one that was not full, at {done} of output {index}")
        self._claim(index, done + len(data), len(data))
        self._buffers.setdefault(index, bytearray()).extend(data)

    def outcome(self, outcome: runs_pb2.RunOutcome) -> Mapping[str, memoryview]:
        """The outputs' bytes by name, in the model's order. Raises Nonsense where the outcome is none of this model."""
        declared = self._description.outputs
        if len(outcome.outputs) != len(declared):
            raise Nonsense(f"{len(outcome.outputs)} outputs, the model has {len(declared)}")
        found = {}
        for index, (output, tensor) in enumerate(zip(outcome.outputs, declared, strict=True)):
            if output.name != tensor.name:
                raise Nonsense(f"output {index} has another name than the model's {tensor.name[:100]!r}")
            if index not in self._buffers:
                self._claim(index, len(output.data), len(output.data))
            data = memoryview(self._buffers.get(index, output.data))
            if len(data) != output.size_bytes:
                raise Nonsense(f"{len(data)} bytes of output {index}, of which {output.size_bytes} are said to be")
            found[tensor.name] = data
        return found

    def _claim(self, index: int, size: int, more: int) -> None:
        declared = self._description.outputs[index].size_bytes
        self._total += more
        if size > max(MAX_INLINE_BYTES, _LARGER * declared) or self._total > MAX_ROUND_BYTES:
            raise Nonsense(f"{size} bytes of output {index} and more to come, declared are {declared}")


def output_facts(output: runs_pb2.RunOutput) -> RoundOutput:
    """What the worker said of an output. Raises Nonsense."""
    if len(output.survivors) > MAX_SURVIVORS:
        raise Nonsense(f"{len(output.survivors)} ranges that were not written; at most {MAX_SURVIVORS} are reported")
    end = 0
    for span in output.survivors:
        if span.offset_bytes < end or not 0 < span.length_bytes <= output.size_bytes - span.offset_bytes:
            raise Nonsense(
                f"a range that was not written at {span.offset_bytes} of {span.length_bytes} bytes, behind {end} in "
                f"an output of {output.size_bytes}"
            )
        end = span.offset_bytes + span.length_bytes
    return RoundOutput(
        name=output.name,
        sha256=digest(output.sha256),
        size_bytes=output.size_bytes,
        poisoned=output.poisoned,
        survivors=tuple((span.offset_bytes, span.length_bytes) for span in output.survivors),
    )


def delivered_inputs(outcome: runs_pb2.RunOutcome, description: ModelDescription) -> dict[str, str]:
    """Input name to the digest that the worker says it handed over. Raises Nonsense."""
    names = {tensor.name for tensor in description.inputs}
    if len(outcome.delivered) > len(names):
        raise Nonsense(f"{len(outcome.delivered)} inputs were handed over, the model has {len(names)}")
    found = {given.name: digest(given.sha256) for given in outcome.delivered}
    if not found.keys() <= names or len(found) != len(outcome.delivered):
        raise Nonsense("inputs were handed over that the model doesn't have")
    return found


def log_lines(lines: "Iterable[str]", count: int) -> tuple[str, ...]:
    """What was printed. Raises Nonsense where that is more than an agent keeps."""
    if count > MAX_LOG_LINES:
        raise Nonsense(f"{count} log lines; at most {MAX_LOG_LINES} are kept")
    kept = tuple(lines)
    if (size := sum(map(len, kept))) > MAX_LOG_BYTES:
        raise Nonsense(f"{size} characters of log lines; at most {MAX_LOG_BYTES} are kept")
    return kept


def digest(text: str) -> str:
    """A SHA-256 in hexadecimal. Raises Nonsense."""
    if len(text) != _DIGEST_LETTERS or not _HEXADECIMAL.issuperset(text):
        raise Nonsense(f"{text[:80]!r} is no SHA-256 digest")
    return text


def as_arrays(outputs: Mapping[str, memoryview], description: ModelDescription) -> dict[str, Array]:
    """Arrays of the declared dtype and shape; flat uint8 where the bytes don't fit it."""
    declared = {tensor.name: tensor for tensor in description.outputs}
    arrays: dict[str, Array] = {}
    for name, data in outputs.items():
        flat = np.frombuffer(data, dtype=np.uint8)
        tensor = declared.get(name)
        if tensor is not None and flat.size == size_bytes(tensor.dtype, tensor.shape):
            arrays[name] = flat.view(tensor.dtype).reshape(tensor.shape)
        else:
            arrays[name] = flat
    return arrays
