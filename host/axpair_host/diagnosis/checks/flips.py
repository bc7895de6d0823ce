"""Did single bits flip?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from axpair_proto.sentences import say

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Answer, Inquiry
from axpair_host.evidence.record import OutputFacts
from axpair_host.evidence.steps import data_step

Array = np.ndarray[Any, Any]
FEW = 16
"""So many elements may each have a bit of their own."""
MANY = 8
"""So many elements with the very same bit are no chance."""


@dataclass(frozen=True)
class _Flips:
    elements: int
    bits: tuple[int, ...]
    first: int


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX305: in every wrong round a few elements differ from the simulator's by one bit each, or many by the same.

    One bit may also be one step: an element that moved by exactly one step on the output's lattice is what rounding
    does, so a few of those are no flips. Proven where at least 8 elements share the bit.
    """
    flipped: dict[str, dict[str, Any]] = {}
    proven = True
    for output, joint, wrong in inquiry.wrong_answers():
        found_ = [_flips(output, joint, answer) for answer in wrong]
        first = found_[0]
        if first is None or not all(found_):
            continue
        proven &= first.elements >= MANY and len(first.bits) == 1
        flipped[output.name] = {
            "elements": first.elements,
            "of": int(joint.size),
            "bits": list(first.bits),
            "first_element": first.first,
        }
    if flipped:
        name, facts = next(iter(flipped.items()))

        yield found(
            "AX305",
            say(
                "{elements} of {of} elements of {name!r} differ from the simulator's, each in a single bit ({bits})",
                elements=facts["elements"],
                of=facts["of"],
                name=name,
                bits=", ".join(map(str, facts["bits"])),
            )
            + (say("; {rest} more outputs", rest=len(flipped) - 1) if len(flipped) > 1 else ""),
            {"outputs": flipped},
            proven=proven,
            outputs=tuple(flipped),
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
        )


def _flips(output: OutputFacts, joint: Array, answer: Answer) -> _Flips | None:
    if answer.tensor.dtype != joint.dtype or answer.tensor.shape != joint.shape:
        return None
    unsigned = f"u{joint.itemsize}"
    right = np.ascontiguousarray(joint).reshape(-1)
    seen = np.ascontiguousarray(answer.tensor).reshape(-1)
    masks = right.view(unsigned) ^ seen.view(unsigned)
    places = np.flatnonzero(masks)
    kinds = np.unique(masks[places])
    bits = tuple(int(kind).bit_length() - 1 for kind in kinds)
    if any(int(kind).bit_count() != 1 for kind in kinds):
        return None
    if places.size > FEW and len(kinds) > 1:
        return None
    if places.size < MANY and _one_step(output, right[places], seen[places]):
        return None
    return _Flips(int(places.size), bits, int(places[0]))


def _one_step(output: OutputFacts, right: Array, seen: Array) -> bool:
    """Whether every one of these elements moved by just one step."""
    step = data_step(output, right) or (1.0 if right.dtype.kind in "iu" else 0.0)
    if step == 0.0:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.abs(seen.astype(np.float64) - right.astype(np.float64)) / step
    return bool((np.abs(steps - 1.0) < 0.01).all())
