"""Elementwise chains as one table: every code's image, computed in float64 when building."""

from __future__ import annotations

import numpy as np

from axpair_emulator.plan.lowering import Array, Lowering, Placement, first_input
from axpair_emulator.plan.step import CHAIN, Step
from axpair_emulator.plan.unary import FUNCTIONS
from axpair_emulator.quantize.activations import codes_of, values_of_all_codes


def _table(step: Step, program: Lowering) -> None:
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    values = evaluate(step, program, values_of_all_codes(source))
    program.emit("lut", step, step.inputs, step.output, arrays={"table": codes_of(values, result)})


def evaluate(step: Step, program: Lowering, source: Array) -> Array:
    """The chain's values, float64, for given values of its root."""
    known: dict[str, Array] = {step.inputs[0]: source}
    with np.errstate(all="ignore"):  # a table also holds codes that the model never sees, such as log of 0
        for node in step.nodes:
            operands: list[Array | None] = []
            for name in node.inputs:
                if not name:
                    operands.append(None)
                elif name in known:
                    operands.append(known[name])
                else:
                    operands.append(program.graph.constants[name].astype(np.float64).ravel()[:1])
            known[node.outputs[0]] = FUNCTIONS[node.op_type](operands, node.attrs)
    return known[step.output]


PLACEMENTS = {CHAIN: Placement(_table, first_input)}
