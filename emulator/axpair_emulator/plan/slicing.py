"""Slice and Split: both take ranges of codes."""

from __future__ import annotations

from axpair_emulator.plan.lowering import Lowering, Placement, first_input
from axpair_emulator.plan.step import Step


def _slice(step: Step, program: Lowering) -> None:
    node = step.node
    shape = program.graph.shapes[step.inputs[0]]
    starts, ends = (
        [int(value) for value in program.constant(step, node.input(index), role).ravel()]
        for index, role in ((1, "starts"), (2, "ends"))
    )
    axes, steps = list(range(len(starts))), [1] * len(starts)
    if node.input(3):
        axes = [int(axis) % len(shape) for axis in program.constant(step, node.input(3), "axes").ravel()]
    if node.input(4):
        steps = [int(value) for value in program.constant(step, node.input(4), "steps").ravel()]
    # Exporters write 2^63 - 1 for "to the end"; one past either end says the same.
    clipped = [
        [max(-shape[axis] - 1, min(shape[axis], value)) for axis, value in zip(axes, values, strict=True)]
        for values in (starts, ends)
    ]
    attrs = {"starts": clipped[0], "ends": clipped[1], "axes": axes, "steps": steps}
    program.emit("slice", step, step.inputs, step.output, attrs)


def _split(step: Step, program: Lowering) -> None:
    axis = int(step.node.attrs.get("axis", 0)) % len(program.graph.shapes[step.inputs[0]])
    start = 0
    for name in step.node.outputs:
        length = program.graph.shapes[name][axis] if name else 0
        if name in program.tensors:
            attrs = {"starts": [start], "ends": [start + length], "axes": [axis], "steps": [1]}
            program.emit("slice", step, step.inputs, name, attrs)
        start += length


PLACEMENTS = {
    "Slice": Placement(_slice, first_input, shares=True),
    "Split": Placement(_split, first_input, shares=True),
}
