"""Is the tail of the output there?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from axpair_proto.sentences import say

from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Answer, Inquiry
from axpair_host.evidence.record import OutputFacts
from axpair_host.evidence.steps import data_step

Array = np.ndarray[Any, Any]
_ZEROS, _PATTERN = say("zeros"), say("the pattern from before the run")
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


def check(inquiry: Inquiry) -> Iterator[Finding | Wants]:
    """AX304: in every wrong round everything from one offset on is zero, or this round's pattern, and nothing before.

    Where that rests on one element, other inputs are asked for: it has to be lost for some of those too.

    A tail that holds an earlier answer is named AX302 already. One that holds the pattern is named AX303 too, since
    the bytes don't tell which of the two it was.
    """
    evidence = inquiry.evidence
    lost: dict[str, dict[str, Any]] = {}
    certain = 0
    for output, joint, wrong in inquiry.wrong_answers():
        others = _others(inquiry, output.name)
        shown = any(one.tobytes() != board.tobytes() for one, board in others)
        if not shown and not inquiry.evidence.other_inputs(output.name) and _rests_on_one_element(joint, wrong):
            yield Wants(
                "other_inputs",
                say("whether the end of {name!r} is lost for other inputs too isn't known", name=output.name),
            )
            continue
        tails = [_zero_tail(output, joint, answer, others) for answer in wrong]
        if tails[0] is not None and all(tails):
            lost[output.name] = {"offset": tails[0].offset, "of": joint.nbytes, "holds": _ZEROS}
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
                lost[name] = {"offset": start, "of": joint_tensor.nbytes, "holds": _PATTERN}
    if lost:
        name, facts = next(iter(lost.items()))
        yield found(
            "AX304",
            say(
                "{name!r} is right up to byte {offset} of {of}; from there on it holds {holds}",
                name=name,
                offset=facts["offset"],
                of=facts["of"],
                holds=facts["holds"],
            )
            + (say("; {rest} more outputs", rest=len(lost) - 1) if len(lost) > 1 else ""),
            {"outputs": lost},
            proven=certain == len(lost),
            outputs=tuple(lost),
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
        )


def _others(inquiry: Inquiry, name: str) -> list[tuple[Array, Array]]:
    """For each other input that was run, the probe among them: the simulator's tensor and the board's."""
    evidence = inquiry.evidence
    probe = [evidence.tensors_in(f"runs/probe/{leg}").get(name) for leg in ("joint", "board")]
    found = evidence.other_inputs(name)
    return [(probe[0], probe[1]), *found] if probe[0] is not None and probe[1] is not None else found


def _rests_on_one_element(joint: Array, wrong: Sequence[Answer]) -> bool:
    """Whether nothing but one element is wrong, and from there on all is zero, with others before."""
    for answer in wrong:
        if answer.tensor.nbytes != joint.nbytes:
            return False
        places, seen = _differences(joint, answer.tensor)
        if places.size > 1 or not seen[: places[0]].any() or seen[places[0] :].any():
            return False
    return True


def _differences(right: Array, answer: Array) -> tuple[Array, Array]:
    """Elements that differ, and the answer, flat and as bits."""
    bits, seen = (np.frombuffer(tensor.tobytes(), f"u{right.itemsize}") for tensor in (right, answer))
    return np.flatnonzero(bits != seen), seen


def _lost_for_others(others: Sequence[tuple[Array, Array]], first: int) -> bool:
    """Whether other inputs' answers are wrong from that element on, where they are wrong at all, and some are."""
    lost = []
    for joint, board in others:
        if joint.nbytes != board.nbytes:
            return False
        places, seen = _differences(joint, board)
        if places.size:
            lost.append(int(places[0]) >= first and not seen[first:].any())
    return bool(lost) and all(lost)


def _zero_tail(
    output: OutputFacts, joint: Array, answer: Answer, others: Sequence[tuple[Array, Array]]
) -> _Tail | None:
    """The zeros that stand in the place of the tail; None where it isn't so. A single one counts only where answers to
    other inputs lack it too."""
    if answer.tensor.nbytes != joint.nbytes:
        return None
    places, seen = _differences(joint, answer.tensor)
    first = int(places[0])
    if not seen[:first].any() or seen[first:].any():
        return None  # an answer of zeros alone has no tail
    if places.size < _FEWEST and not _lost_for_others(others, first):
        return None
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
