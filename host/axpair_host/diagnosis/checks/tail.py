"""Is the tail of the output there?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Answer, Inquiry
from axpair_host.evidence.record import OutputFacts
from axpair_host.evidence.steps import data_step

Array = np.ndarray[Any, Any]
_FEWEST = 2
"""Elements: a single zero may be anything."""
_CERTAIN = 8
"""So many elements that should be something else are no chance."""


@dataclass(frozen=True)
class _Tail:
    offset: int
    """In bytes."""
    elements: int
    """How many of it should be something else."""


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX304: in every wrong round everything from one offset on is zero, or this round's pattern, and nothing before.

    A tail that holds an earlier answer is named AX302 already. One that holds the pattern is named AX303 too, since
    the bytes don't tell which of the two it was.
    """
    evidence = inquiry.evidence
    lost: dict[str, dict[str, Any]] = {}
    certain = 0
    for output, joint, wrong in inquiry.wrong_answers():
        tails = [_zero_tail(output, joint, answer, _also_for_probe(inquiry, output.name)) for answer in wrong]
        if tails[0] is not None and all(tails):
            lost[output.name] = {"offset": tails[0].offset, "of": joint.nbytes, "holds": "zeros"}
            certain += tails[0].elements >= _CERTAIN
    for one in inquiry.findings:
        if one.code != "AX303":
            continue
        for name, facts in one.evidence["outputs"].items():
            joint_tensor = evidence.leg("joint").get(name)
            if not facts["only_the_tail"] or joint_tensor is None:
                continue
            start = facts["ranges"][0][0]
            if all(_same_before(joint_tensor, answer, start) for answer in inquiry.answers(name)):
                lost[name] = {"offset": start, "of": joint_tensor.nbytes, "holds": "the pattern from before the run"}
    if lost:
        name, facts = next(iter(lost.items()))
        yield found(
            "AX304",
            f"{name!r} is right up to byte {facts['offset']} of {facts['of']}; from there on it holds {facts['holds']}"
            + (f"; {len(lost) - 1} more outputs" if len(lost) > 1 else ""),
            {"outputs": lost},
            proven=certain == len(lost),
            outputs=tuple(lost),
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
        )


def _also_for_probe(inquiry: Inquiry, name: str) -> int | None:
    """Element from which on the board's answer to the probe is zero, where the simulator's isn't; None = it isn't."""
    simulated = inquiry.evidence.tensors_in("runs/probe/joint").get(name)
    answered = inquiry.evidence.tensors_in("runs/probe/board").get(name)
    if simulated is None or answered is None or simulated.nbytes != answered.nbytes:
        return None
    right, seen = (np.frombuffer(tensor.tobytes(), f"u{simulated.itemsize}") for tensor in (simulated, answered))
    places = np.flatnonzero(right != seen)
    return int(places[0]) if places.size and not seen[places[0] :].any() else None


def _zero_tail(output: OutputFacts, joint: Array, answer: Answer, of_probe: int | None) -> _Tail | None:
    """The zeros that stand in the place of the tail; None where it isn't so. A single one counts only where the
    answer to the probe has it too (`of_probe`: from which element on)."""
    if answer.tensor.nbytes != joint.nbytes:
        return None
    right, seen = (np.frombuffer(tensor.tobytes(), f"u{joint.itemsize}") for tensor in (joint, answer.tensor))
    places = np.flatnonzero(right != seen)
    first = int(places[0])
    if not seen[:first].any() or seen[first:].any() or (places.size < _FEWEST and first != of_probe):
        return None  # an answer of zeros alone has no tail
    step = data_step(output, joint)
    moved = float(np.abs(joint.reshape(-1)[places].astype(np.float64)).max())
    if step and moved <= 1.5 * step and not _small_ones_stay(joint, first, step):
        return None  # ones that were rounded to zeros
    return _Tail(first * joint.itemsize, int(places.size))


def _small_ones_stay(joint: Array, first: int, step: float) -> bool:
    """Whether many elements before the tail are as small: rounding would have made zeros of those too."""
    before = np.abs(joint.reshape(-1)[:first].astype(np.float64))
    return int(np.count_nonzero((before > 0) & (before <= 1.5 * step))) >= _CERTAIN


def _same_before(joint: Array, answer: Answer, start: int) -> bool:
    return joint.tobytes()[:start] == answer.tensor.tobytes()[:start]
