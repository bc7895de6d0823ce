"""Operators that move codes as a whole: reshapes, transposes, concatenation."""

from __future__ import annotations

from axpair_emulator.plan.constants import quantise_constants
from axpair_emulator.plan.lowering import Lowering, Placement, all_inputs, first_input
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.activations import codes_of, values_of_all_codes


def _reshape(step: Step, program: Lowering) -> None:
    shape = list(program.graph.shapes[step.output])
    program.emit("reshape", step, step.inputs, step.output, {"shape": shape})


def _transpose(step: Step, program: Lowering) -> None:
    rank = len(program.graph.shapes[step.inputs[0]])
    perm = list(step.node.attrs.get("perm", range(rank - 1, -1, -1)))
    program.emit("transpose", step, step.inputs, step.output, {"perm": perm})


def _concat(step: Step, program: Lowering) -> None:
    quantise_constants(step, program)
    result = program.tensors[step.output]
    tables = {
        f"table_{index}": codes_of(values_of_all_codes(program.tensors[name]), result)
        for index, name in enumerate(step.inputs)
    }
    axis = int(step.node.attrs["axis"]) % len(result.shape)
    program.emit("concat", step, step.inputs, step.output, {"axis": axis}, tables)


def _greatest(step: Step, program: Lowering) -> None:
    _choice("maximum", step, program)


def _least(step: Step, program: Lowering) -> None:
    _choice("minimum", step, program)


def _choice(kind: str, step: Step, program: Lowering) -> None:
    """Of codes brought to the output's scale the larger or smaller is that of the larger or smaller value."""
    quantise_constants(step, program)
    result = program.tensors[step.output]
    tables = {
        f"table_{index}": codes_of(values_of_all_codes(program.tensors[name]), result)
        for index, name in enumerate(step.inputs)
    }
    program.emit(kind, step, step.inputs, step.output, {}, tables)


PLACEMENTS = {
    **{kind: Placement(_reshape, first_input, shares=True) for kind in ("Reshape", "Flatten", "Squeeze", "Unsqueeze")},
    "Transpose": Placement(_transpose, first_input, shares=True),
    "Concat": Placement(_concat, all_inputs),
    "Max": Placement(_greatest, all_inputs),
    "Min": Placement(_least, all_inputs),
}
