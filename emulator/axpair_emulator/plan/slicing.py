"""Slice and Split: both take ranges of codes."""

from __future__ import annotations

from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.fit import integers
from axpair_emulator.plan.lowering import Lowering, Placement, first_input
from axpair_emulator.plan.step import Step


def _check_slice(node: Node, graph: Graph) -> None:
    for index, role in ((1, "starts"), (2, "ends"), (3, "axes"), (4, "steps")):
        if index < 3 or node.input(index):
            integers(node, graph, index, role)


def _slice(step: Step, program: Lowering) -> None:
    node = step.node
    shape = program.graph.shapes[step.inputs[0]]
    starts, ends = (integers(node, program.graph, index, role) for index, role in ((1, "starts"), (2, "ends")))
    axes, steps = list(range(len(starts))), [1] * len(starts)
    if node.input(3):
        axes = [axis % len(shape) for axis in integers(node, program.graph, 3, "axes")]
    if node.input(4):
        steps = integers(node, program.graph, 4, "steps")
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
    "Slice": Placement(_slice, first_input, shares=True, check=_check_slice),
    "Split": Placement(_split, first_input, shares=True),
}
