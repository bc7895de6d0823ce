"""NaN and Inf: where do they first appear?"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from axpair_proto.sentences import joined, say

from axpair_host.diagnosis.finding import Finding, Matter, Weight, found
from axpair_host.diagnosis.inquiry import Inquiry

_STAGES = ("onnx", "lava_joint", "joint")
_OWNERS = {"onnx": "model", "lava_joint": "quantization", "joint": "toolchain", "board": "board"}
_SIDES = {"onnx": "customer", "lava_joint": "undecided", "joint": "axera", "board": "axera"}
_WORDS = {
    "onnx": say("the float model"),
    "lava_joint": say("the quantised model"),
    "joint": say("the simulated joint"),
    "board": say("the board"),
}
_FLOAT_LACKS = say("; without onnx/ whether the float model gives them already isn't known")
_QUANTISED_LACKS = say("; without lava_joint/ quantisation may be where it enters")


def simulated(inquiry: Inquiry) -> Iterator[Finding]:
    """AX003 among onnx/, lava_joint/ and joint/: the first of them that has NaN or Inf, be they shared by all that
    follow. Where the float model has them the input may have brought them. Without onnx/ nobody is accused."""
    settled = inquiry.settled("conversion")
    by_leg: dict[str, dict[str, Any]] = {}
    for output in inquiry.outputs:
        counts = {leg: int(np.count_nonzero(mask)) for leg, mask in _masks(inquiry, output.name).items()}
        first = next((leg for leg in _STAGES if counts.get(leg)), None)
        if first is not None and output.name not in settled:
            by_leg.setdefault(first, {})[output.name] = counts
    for leg, outputs in by_leg.items():
        yield _in_simulation(inquiry, leg, outputs)


def on_board(inquiry: Inquiry) -> Iterator[Finding]:
    """AX003 between joint/ and board/, for outputs that nothing more specific explains: what was never written, or
    belongs to another input, may read as NaN too."""
    settled = inquiry.settled("board")
    outputs = {}
    for output in inquiry.outputs:
        masks = _masks(inquiry, output.name)
        if output.name in settled or "joint" not in masks or "board" not in masks or not masks["board"].any():
            continue
        if masks["joint"].shape != masks["board"].shape or (masks["board"] & ~masks["joint"]).any():
            outputs[output.name] = {leg: int(np.count_nonzero(mask)) for leg, mask in masks.items()}
    if outputs:
        yield _found("board", outputs, stage="on_board", settles="board", proven=True)


def _in_simulation(inquiry: Inquiry, leg: str, outputs: Mapping[str, Mapping[str, int]]) -> Finding:
    brought = _in_inputs(inquiry) if leg == "onnx" else {}
    if brought:
        counts = joined(", ", (say("{name!r} has {count}", name=name, count=count) for name, count in brought.items()))
        more = say("; the input has them already: {counts}", counts=counts)
        return _found(leg, outputs, owner="preprocess", more=more, inputs=brought)
    if leg != "onnx" and not inquiry.has("onnx") and not (leg == "joint" and inquiry.has("lava_joint")):
        return _found(leg, outputs, owner="unknown", side="undecided", weight="inconclusive", more=_FLOAT_LACKS)
    if leg == "joint" and not inquiry.has("lava_joint"):
        return _found(leg, outputs, more=_QUANTISED_LACKS)
    return _found(leg, outputs, proven=True)


def _found(
    leg: str,
    outputs: Mapping[str, Mapping[str, int]],
    *,
    owner: str = "",
    side: str = "",
    stage: str = "conversion",
    settles: Matter = "conversion",
    weight: Weight = "fault",
    proven: bool = False,
    more: str = "",
    inputs: Mapping[str, int] | None = None,
) -> Finding:
    name, counts = next(iter(outputs.items()))
    spoken = ", ".join(f"{other} {count}" for other, count in counts.items())
    return found(
        "AX003",
        say(
            "NaN or Inf, first in {where}: {name!r} has {counts} elements of them",
            where=_WORDS[leg],
            name=name,
            counts=spoken,
        )
        + (say("; {rest} more outputs", rest=len(outputs) - 1) if len(outputs) > 1 else "")
        + more,
        {"first": leg, "outputs": outputs, "inputs": dict(inputs or {})},
        owner=owner or _OWNERS[leg],
        stage=stage,
        side=side or _SIDES[leg],
        weight=weight,
        proven=proven,
        outputs=tuple(outputs),
        settles=(settles,),
    )


def _masks(inquiry: Inquiry, name: str) -> dict[str, "np.ndarray[Any, np.dtype[np.bool_]]"]:
    """Where each leg has NaN or Inf in one output; legs of integers, which have none, aren't there."""
    masks = {}
    for leg in (*_STAGES, "board"):
        tensor = inquiry.evidence.leg(leg).get(name)
        if tensor is not None and tensor.dtype.kind == "f":
            masks[leg] = ~np.isfinite(tensor)
    return masks


def _in_inputs(inquiry: Inquiry) -> dict[str, int]:
    """Elements of each input that are NaN or Inf, where there are any."""
    counts = {
        name: int(np.count_nonzero(~np.isfinite(tensor)))
        for name, tensor in inquiry.evidence.fed_in("input").items()
        if tensor.dtype.kind == "f"
    }
    return {name: count for name, count in counts.items() if count}
