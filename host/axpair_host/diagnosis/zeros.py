"""Outputs that are 0 throughout: what a person sees first, whatever the cause."""

from collections.abc import Collection

import numpy as np
from axpair_proto.sentences import say

from axpair_host.diagnosis.inquiry import Inquiry

_LEGS = (("board", "joint"), ("joint", "onnx"), ("lava_joint", "onnx"))
"""Leg, and the one that it should resemble."""
_WORDS = {"board": say("the board"), "joint": say("the simulated joint"), "lava_joint": say("the quantised model")}


def seen_first(inquiry: Inquiry) -> list[str]:
    """A sentence for each leg with outputs of zeros alone where the leg before has others; nothing of a leg that only
    has what the one before gave."""
    found: list[str] = []
    for leg, before in _LEGS:
        names = [output.name for output in inquiry.outputs if zeroed(inquiry, leg, before, output.name)]
        if names and not (leg == "lava_joint" and inquiry.has("joint")):
            outputs = told(names, len(inquiry.outputs))
            found.append(say("All elements of {outputs} of {where} are 0.", outputs=outputs, where=_WORDS[leg]))
    return found


def zeroed(inquiry: Inquiry, leg: str, before: str, name: str) -> bool:
    """Whether an output is 0 in every element, and not so in the leg before."""
    tensor, reference = (inquiry.evidence.leg(one).get(name) for one in (leg, before))
    if tensor is None or reference is None or tensor.size < 2:
        return False
    # Counted: `any` warns of what an unwritten buffer may hold, NaN that signal.
    return not np.count_nonzero(tensor) and bool(np.count_nonzero(reference))


def told(names: Collection[str], total: int) -> str:
    """Which outputs, in words: "all outputs", "'a', 'b'"."""
    if len(names) == total:
        return say("all outputs") if total > 1 else say("the output")
    return ", ".join(map(repr, list(names)[:3])) + (
        say(" and {rest} more outputs", rest=len(names) - 3) if len(names) > 3 else ""
    )
