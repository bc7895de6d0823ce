"""NaN and Inf: where do they first appear?"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry

_OWNERS = {"onnx": "model", "lava_joint": "quantization", "joint": "toolchain", "board": "board"}
_SIDES = {"onnx": "customer", "lava_joint": "undecided", "joint": "axera", "board": "axera"}
_WORDS = {
    "onnx": "the float model",
    "lava_joint": "the quantised model",
    "joint": "the simulated joint",
    "board": "the board",
}


def simulated(inquiry: Inquiry) -> Iterator[Finding]:
    """AX003 among onnx/, lava_joint/ and joint/: one has NaN or Inf where another one hasn't."""
    yield from _first_with(inquiry, ("onnx", "lava_joint", "joint"))


def on_board(inquiry: Inquiry) -> Iterator[Finding]:
    """AX003 between joint/ and board/, for outputs that nothing more specific explains: what was never written, or
    belongs to another input, may read as NaN too."""
    yield from _first_with(inquiry, ("onnx", "lava_joint", "joint", "board"))


def _first_with(inquiry: Inquiry, legs: tuple[str, ...]) -> Iterator[Finding]:
    settled = inquiry.settled("board" if "board" in legs else "conversion")
    settled |= {name for one in inquiry.findings if one.code == "AX003" for name in one.outputs}
    by_leg: dict[str, dict[str, Any]] = {}
    for output in inquiry.outputs:
        if output.name in settled:
            continue
        masks = {}
        for leg in legs:
            tensor = inquiry.evidence.leg(leg).get(output.name)
            if tensor is not None and tensor.dtype.kind == "f":
                masks[leg] = ~np.isfinite(tensor)
        counts = {leg: int(np.count_nonzero(mask)) for leg, mask in masks.items()}
        if len(masks) < 2 or not any(counts.values()) or _alike(list(masks.values())):
            continue
        if "board" in legs and ("board" not in masks or _alike([masks[leg] for leg in masks if leg in legs[-2:]])):
            continue  # not between simulator and board: named before
        first = next(leg for leg, count in counts.items() if count)
        by_leg.setdefault(first, {})[output.name] = counts
    for leg, outputs in by_leg.items():
        name, counts = next(iter(outputs.items()))
        spoken = ", ".join(f"{other} {count}" for other, count in counts.items())
        unsplit = leg == "joint" and not inquiry.has("lava_joint") and inquiry.has("onnx")
        yield found(
            "AX003",
            f"NaN or Inf on one side only, first in {_WORDS[leg]}: {name!r} has {spoken} elements of them"
            + (f"; {len(outputs) - 1} more outputs" if len(outputs) > 1 else "")
            + ("; without lava_joint/ quantisation may be where it enters" if unsplit else ""),
            {"first": leg, "outputs": outputs},
            owner=_OWNERS[leg],
            stage="on_board" if leg == "board" else "conversion",
            side=_SIDES[leg],
            proven=not unsplit,
            outputs=tuple(outputs),
            settles=("board",) if "board" in legs else ("conversion",),
        )


def _alike(masks: list["np.ndarray[Any, np.dtype[np.bool_]]"]) -> bool:
    return all(mask.shape == masks[0].shape and np.array_equal(mask, masks[0]) for mask in masks[1:])
