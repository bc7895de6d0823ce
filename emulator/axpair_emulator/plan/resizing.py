"""Nearest-neighbour enlarging by whole factors."""

from __future__ import annotations

from axpair_emulator.plan.lowering import Lowering, Placement, first_input, unplaceable
from axpair_emulator.plan.step import Step

_REPEATING = {
    (b"asymmetric", b"floor"),
    (b"half_pixel", b"round_prefer_floor"),
    (b"half_pixel", b"round_prefer_ceil"),
    (b"pytorch_half_pixel", b"round_prefer_floor"),
    (b"pytorch_half_pixel", b"round_prefer_ceil"),
}
"""(coordinate mode, nearest mode) under which enlarging by whole factors repeats every element."""


def _resize(step: Step, program: Lowering) -> None:
    node = step.node
    mode = node.attrs.get("mode", b"nearest")
    if mode != b"nearest":
        raise unplaceable(node, program.graph, f"mode {mode.decode(errors='replace')!r}; only nearest is handled")
    coordinates = node.attrs.get("coordinate_transformation_mode", b"half_pixel")
    nearest = node.attrs.get("nearest_mode", b"round_prefer_floor")
    before, after = program.graph.shapes[step.inputs[0]], program.graph.shapes[step.output]
    factors = [new // old for old, new in zip(before, after, strict=True)]
    whole = all(old * factor == new for old, factor, new in zip(before, factors, after, strict=True))
    if len(before) != 4 or not whole or factors[:2] != [1, 1] or (coordinates, nearest) not in _REPEATING:
        raise unplaceable(node, program.graph, f"{before} to {after} isn't a repetition of whole elements")
    program.emit("resize_nearest", step, step.inputs, step.output, {"factors": factors[2:]})


PLACEMENTS = {"Resize": Placement(_resize, first_input, shares=True)}
