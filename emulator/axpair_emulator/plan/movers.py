"""Operators that move codes as a whole: reshapes, transposes, padding, concatenation."""

from __future__ import annotations

from axpair_emulator.plan.constants import quantise_constants
from axpair_emulator.plan.lowering import Lowering, Placement, all_inputs, first_input, unplaceable
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.activations import code_of, codes_of, values_of_all_codes


def _reshape(step: Step, program: Lowering) -> None:
    shape = list(program.graph.shapes[step.output])
    program.emit("reshape", step, step.inputs, step.output, {"shape": shape})


def _transpose(step: Step, program: Lowering) -> None:
    rank = len(program.graph.shapes[step.inputs[0]])
    perm = list(step.node.attrs.get("perm", range(rank - 1, -1, -1)))
    program.emit("transpose", step, step.inputs, step.output, {"perm": perm})


def _pad(step: Step, program: Lowering) -> None:
    node = step.node
    mode = node.attrs.get("mode", b"constant")
    if mode not in (b"constant", b"reflect"):
        raise unplaceable(node, program.graph, f"mode {mode.decode(errors='replace')!r}")
    tensor = program.tensors[step.output]
    pads = [int(pad) for pad in program.constant(step, node.input(1), "pads").ravel()]
    if min(pads, default=0) < 0:
        raise unplaceable(node, program.graph, "it crops (negative pads)")
    rank = len(tensor.shape)
    if node.input(3):
        axes = [int(axis) % rank for axis in program.constant(step, node.input(3), "axes").ravel()]
        given, pads = pads, [0] * (2 * rank)
        for index, axis in enumerate(axes):
            pads[axis], pads[rank + axis] = given[index], given[len(axes) + index]
    if mode == b"reflect":
        program.emit("pad", step, step.inputs, step.output, {"pads": pads, "value": 0, "reflect": 1})
        return
    value = program.constant(step, node.input(2), "value").ravel()[0] if node.input(2) else 0.0
    program.emit("pad", step, step.inputs, step.output, {"pads": pads, "value": code_of(float(value), tensor)})


def _concat(step: Step, program: Lowering) -> None:
    quantise_constants(step, program)
    result = program.tensors[step.output]
    tables = {
        f"table_{index}": codes_of(values_of_all_codes(program.tensors[name]), result)
        for index, name in enumerate(step.inputs)
    }
    axis = int(step.node.attrs["axis"]) % len(result.shape)
    program.emit("concat", step, step.inputs, step.output, {"axis": axis}, tables)


PLACEMENTS = {
    **{kind: Placement(_reshape, first_input, shares=True) for kind in ("Reshape", "Flatten", "Squeeze", "Unsqueeze")},
    "Transpose": Placement(_transpose, first_input, shares=True),
    "Pad": Placement(_pad, first_input, shares=True),
    "Concat": Placement(_concat, all_inputs),
}
