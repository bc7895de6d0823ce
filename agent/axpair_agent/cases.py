"""One case as the supervisor runs it, and what each of its rounds gave."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from axpair_proto.description import ModelDescription
from axpair_proto.v1.failures_pb2 import RuntimeFailure

from axpair_agent import failures
from axpair_agent.answers import RoundFacts


@dataclass(frozen=True)
class Input:
    """One input's bytes, which are read only where their number fits the model."""

    size: int
    read: Callable[[], bytes]
    """Raises CallError where they are gone."""


@dataclass(frozen=True)
class Case:
    """What is to be run."""

    inputs: Mapping[str, Input]
    """By name, in any order."""
    repeat: int = 1
    seconds: float = 60.0
    """Deadline of one round."""
    want_probe: bool = False
    fresh_worker: bool = False
    before: Mapping[str, Input] = field(default_factory=dict)
    """Another case's inputs, run first in the same worker, instead of a probe; empty = none."""


@dataclass(frozen=True)
class Round:
    """What one round gave; `number` is 0 for the probe, or for the inputs that ran before."""

    number: int
    generation: int
    log_lines: list[str]
    facts: RoundFacts | None = None
    """None where it failed."""
    payload: bytearray = field(default_factory=bytearray)
    """All outputs, one after the other."""
    agent_us: int = 0
    failure: RuntimeFailure | None = None
    attempt: int = 0
    """Rounds of earlier attempts at the same case are void."""
    workers_lost: int = 0
    """Since the round before: ended from outside, or while nothing was asked of them."""


def arrange(description: ModelDescription, inputs: Mapping[str, Input]) -> Sequence[bytes] | RuntimeFailure:
    """The inputs in the model's order, or why they don't fit it. Raises CallError where one can't be read."""
    names = [tensor.name for tensor in description.inputs]
    lacking = [name for name in names if name not in inputs]
    unknown = [name for name in inputs if name not in names]
    if lacking or unknown:
        parts = [
            f"{word}: {', '.join(map(repr, found))}" for word, found in (("missing", lacking), ("unknown", unknown))
        ]
        which = "; ".join(part for part, found in zip(parts, (lacking, unknown), strict=True) if found)
        return failures.unfit(f"the model takes the inputs {', '.join(map(repr, names))}; {which}")
    for tensor in description.inputs:
        if inputs[tensor.name].size != tensor.size_bytes:
            return failures.unfit(
                f"input {tensor.name!r} takes {tensor.size_bytes} bytes ({tensor.dtype} {list(tensor.shape)}), "
                f"{inputs[tensor.name].size} came"
            )
    return [inputs[name].read() for name in names]
