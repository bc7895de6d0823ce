"""Resize: nearest neighbours as repetition or picking of codes, linear as weighted sums of neighbours."""

from __future__ import annotations

import numpy as np

from axpair_emulator.graph.view import Array, Graph, Node
from axpair_emulator.plan.coordinates import NEAREST, linear_taps, nearest_indices, resized_axes
from axpair_emulator.plan.fit import Unfit, word
from axpair_emulator.plan.gathering import emit_gather
from axpair_emulator.plan.lowering import Lowering, Placement, first_input
from axpair_emulator.plan.step import Step

WEIGHT_BITS = {8: 11, 16: 18}
"""By the features' bits; with 11 the weights alone would be steps off at 16 bit."""
MAX_LINEAR_AXES = 2
"""So that sums stay below 2^53 at 16 bit."""


def _check(node: Node, graph: Graph) -> None:
    mode = word(node, "mode", "nearest")
    axes = resized_axes(node, graph)
    if mode == "nearest":
        if word(node, "nearest_mode", "round_prefer_floor") not in NEAREST:
            raise Unfit(f"its nearest_mode is {word(node, 'nearest_mode', '')!r}")
        return
    if mode != "linear":
        raise Unfit(f"its mode is {mode!r}; nearest and linear are handled")
    if node.attrs.get("antialias", 0) and any(axis.scale < 1 for axis in axes):
        raise Unfit("it shrinks with antialias")
    if len(axes) > MAX_LINEAR_AXES:
        raise Unfit(f"it changes {len(axes)} axes; linear handles {MAX_LINEAR_AXES}")


def _resize(step: Step, program: Lowering) -> None:
    node = step.node
    axes = resized_axes(node, program.graph)
    mode = word(node, "coordinate_transformation_mode", "half_pixel")
    if axes and word(node, "mode", "nearest") == "linear":
        _linear(step, program)
        return
    nearest = word(node, "nearest_mode", "round_prefer_floor")
    indices = {axis.axis: nearest_indices(axis, mode, nearest) for axis in axes}
    before, after = program.graph.shapes[step.inputs[0]], program.graph.shapes[step.output]
    factors = [new // old for old, new in zip(before, after, strict=True)]
    if len(before) == 4 and factors[:2] == [1, 1] and _repeats(before, factors, indices):
        program.emit("resize_nearest", step, step.inputs, step.output, {"factors": factors[2:]})
    else:
        emit_gather(step, program, indices or {0: np.arange(before[0])})


def _repeats(before: tuple[int, ...], factors: list[int], indices: dict[int, Array]) -> bool:
    """Whether every element comes out a whole number of times in a row."""
    return all(
        np.array_equal(places, np.repeat(np.arange(before[axis]), max(factors[axis], 1)))
        for axis, places in indices.items()
    )


def _linear(step: Step, program: Lowering) -> None:
    mode = word(step.node, "coordinate_transformation_mode", "half_pixel")
    axes = resized_axes(step.node, program.graph)
    bits = WEIGHT_BITS[program.tensors[step.output].bits]
    arrays: dict[str, Array] = {}
    for index, axis in enumerate(axes):
        arrays[f"taps_{index}"], arrays[f"weights_{index}"] = linear_taps(axis, mode, bits)
    attrs = {"axes": [axis.axis for axis in axes], "bits": bits}
    program.emit("resize_linear", step, step.inputs, step.output, attrs, arrays)


PLACEMENTS = {"Resize": Placement(_resize, first_input, shares=True, check=_check)}
