"""Gemm and MatMul: with constant weights a gemm, between two activations a matmul."""

from __future__ import annotations

import numpy as np

from axpair_emulator.plan.constants import quantise_constants
from axpair_emulator.plan.lowering import Array, Lowering, Placement, all_inputs, first_input, unplaceable
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.fixed_point import fixed_point
from axpair_emulator.quantize.weights import quantise_weights


def _gemm(step: Step, program: Lowering) -> None:
    node = step.node
    if node.attrs.get("transA", 0):
        raise unplaceable(node, program.graph, "transA isn't handled")
    weight = program.constant(step, node.input(1), "weight").astype(np.float64)
    weight = weight.T if node.attrs.get("transB", 0) else weight
    weight = weight * node.attrs.get("alpha", 1.0)
    outputs = weight.shape[1]
    bias = np.zeros(outputs)
    if node.input(2):
        given = program.constant(step, node.input(2), "bias").astype(np.float64)
        if given.size not in (1, outputs):
            raise unplaceable(node, program.graph, f"its bias has the shape {given.shape}")
        bias = np.broadcast_to(given.ravel(), (outputs,)) * node.attrs.get("beta", 1.0)
    _emit_gemm(step, program, weight, bias)


def _matmul(step: Step, program: Lowering) -> None:
    weight = program.graph.constants.get(step.node.input(1))
    if weight is not None and weight.ndim == 2:
        _emit_gemm(step, program, weight, np.zeros(weight.shape[1]))
        return
    quantise_constants(step, program)
    first, second = (program.tensors[name] for name in step.inputs)
    result = program.tensors[step.output]
    multiplier, shift = fixed_point(first.scale * second.scale / result.scale)
    attrs = {"multiplier": multiplier, "shift": shift, **program.clamp(step)}
    program.emit("matmul", step, step.inputs, step.output, attrs)


def _emit_gemm(step: Step, program: Lowering, weight: Array, bias: Array) -> None:
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    quantised = quantise_weights(weight.T, bias, source, result, per_channel=program.per_channel)
    program.weights[step.output] = quantised
    program.emit(
        "gemm",
        step,
        step.inputs[:1],
        step.output,
        program.clamp(step),
        {
            "weight": quantised.codes.T,
            "bias": quantised.bias,
            "multiplier": quantised.multipliers,
            "shift": quantised.shifts,
        },
    )


PLACEMENTS = {
    "Gemm": Placement(_gemm, first_input, clamps=True),
    "MatMul": Placement(_matmul, all_inputs, clamps=True),
}
