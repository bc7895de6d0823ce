"""Gemm and MatMul: with constant weights a gemm, between two activations a matmul.

A Gemm of two activations, or with a bias for each row, was taken apart before (graph/decompose).
"""

from __future__ import annotations

import numpy as np

from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.constants import quantise_constants
from axpair_emulator.plan.fit import Unfit, known
from axpair_emulator.plan.lowering import Array, Lowering, Placement, all_inputs, first_input
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.fixed_point import fixed_point
from axpair_emulator.quantize.weights import quantise_weights


def _check_gemm(node: Node, graph: Graph) -> None:
    weight = known(node, graph, 1, "weight")
    outputs = weight.shape[0 if node.attrs.get("transB", 0) else 1]
    if node.attrs.get("transA", 0):
        raise Unfit("transA isn't handled")
    if node.input(2) and known(node, graph, 2, "bias").size not in (1, outputs):
        raise Unfit(f"its bias has the shape {graph.constants[node.input(2)].shape}")


def _gemm(step: Step, program: Lowering) -> None:
    node = step.node
    weight = program.constant(node.input(1)).astype(np.float64)
    weight = weight.T if node.attrs.get("transB", 0) else weight
    weight = weight * node.attrs.get("alpha", 1.0)
    outputs = weight.shape[1]
    bias = np.zeros(outputs)
    if node.input(2):
        given = program.constant(node.input(2)).astype(np.float64)
        bias = np.broadcast_to(given.ravel(), (outputs,)) * node.attrs.get("beta", 1.0)
    _emit_gemm(step, program, weight, bias)


def _check_matmul(node: Node, graph: Graph) -> None:
    for name in node.inputs:
        rank = graph.constants[name].ndim if name in graph.constants else len(graph.shapes[name])
        if rank < 2:
            raise Unfit(f"its operand {name!r} has {rank} axes; two or more are handled")


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
    moments = program.moments.get(step.output)
    quantised = quantise_weights(weight.T, bias, source, result, per_channel=program.per_channel, moments=moments)
    program.weights[step.output] = quantised
    arrays = {
        "weight": quantised.codes.T,
        "bias": quantised.bias,
        "multiplier": quantised.multipliers,
        "shift": quantised.shifts,
    }
    program.emit("gemm", step, step.inputs[:1], step.output, program.clamp(step), arrays)


PLACEMENTS = {
    "Gemm": Placement(_gemm, first_input, clamps=True, check=_check_gemm),
    "MatMul": Placement(_matmul, all_inputs, clamps=True, check=_check_matmul),
}
