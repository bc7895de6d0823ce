"""Outputs that are 0 throughout: what a person sees first, whatever the cause."""

from collections.abc import Collection

from axpair_host.diagnosis.inquiry import Inquiry

_LEGS = (("board", "joint"), ("joint", "onnx"), ("lava_joint", "onnx"))
"""Leg, and the one that it should resemble."""
_WORDS = {"board": "the board", "joint": "the simulated joint", "lava_joint": "the quantised model"}


def seen_first(inquiry: Inquiry) -> list[str]:
    """A sentence for each leg with outputs of zeros alone where the leg before has others; nothing of a leg that only
    has what the one before gave."""
    found = []
    for leg, before in _LEGS:
        names = [output.name for output in inquiry.outputs if zeroed(inquiry, leg, before, output.name)]
        if names and not (leg == "lava_joint" and inquiry.has("joint")):
            found.append(f"All elements of {told(names, len(inquiry.outputs))} of {_WORDS[leg]} are 0.")
    return found


def zeroed(inquiry: Inquiry, leg: str, before: str, name: str) -> bool:
    """Whether an output is 0 in every element, and not so in the leg before."""
    tensor, reference = (inquiry.evidence.leg(one).get(name) for one in (leg, before))
    if tensor is None or reference is None or tensor.size < 2:
        return False
    return not tensor.any() and bool(reference.any())


def told(names: Collection[str], total: int) -> str:
    """Which outputs, in words: "all outputs", "'a', 'b'"."""
    if len(names) == total:
        return "all outputs" if total > 1 else "the output"
    return ", ".join(map(repr, list(names)[:3])) + (f" and {len(names) - 3} more outputs" if len(names) > 3 else "")
