"""Pools over windows, and reductions over whole axes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.averaging import divisors
from axpair_emulator.plan.fit import Unfit, axes_of, integers
from axpair_emulator.plan.geometry import pool_geometry
from axpair_emulator.plan.lowering import Lowering, Placement, first_input
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.fixed_point import fixed_point

MAX_TERMS = 1 << 22
"""Of one sum: so many codes of 8 bits stay below 2^31, and of 16 bits below 2^40."""


def _reduced(node: Node, graph: Graph) -> list[int]:
    if node.op_type.startswith("Global"):
        return list(range(2, len(graph.shapes[node.input(0)])))
    return axes_of(node, graph)


def _keeps(node: Node) -> bool:
    return node.op_type.startswith("Global") or bool(node.attrs.get("keepdims", 1))


def _check_axes(node: Node, graph: Graph) -> None:
    if node.input(1):
        integers(node, graph, 1, "axes")


def _check_sum(node: Node, graph: Graph) -> None:
    _check_axes(node, graph)
    shape = graph.shapes[node.input(0)]
    terms = math.prod(shape[axis] for axis in _reduced(node, graph))
    if terms > MAX_TERMS:
        raise Unfit(f"it adds up {terms} elements; up to {MAX_TERMS} are handled")


def _mean(step: Step, program: Lowering) -> None:
    axes = _reduced(step.node, program.graph)
    _total(step, program, axes, math.prod(program.tensors[step.inputs[0]].shape[axis] for axis in axes))


def _sum(step: Step, program: Lowering) -> None:
    _total(step, program, _reduced(step.node, program.graph), 1)


def _total(step: Step, program: Lowering, axes: list[int], count: int) -> None:
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    multiplier, shift = fixed_point(source.scale / result.scale / count)
    attrs = {"axes": axes, "keepdims": _keeps(step.node), "multiplier": multiplier, "shift": shift}
    program.emit("mean", step, step.inputs, step.output, {**attrs, **program.clamp(step)})


def _extreme(kind: str) -> Callable[[Step, Lowering], None]:
    def lower(step: Step, program: Lowering) -> None:
        attrs = {"axes": _reduced(step.node, program.graph), "keepdims": _keeps(step.node)}
        program.emit(kind, step, step.inputs, step.output, attrs)

    return lower


def _check_max_pool(node: Node, graph: Graph) -> None:
    if len(node.outputs) > 1 and node.outputs[1]:
        raise Unfit("its second output (indices) isn't handled")
    pool_geometry(node, graph)


def _max_pool(step: Step, program: Lowering) -> None:
    shape = pool_geometry(step.node, program.graph)
    attrs = {"kernel": shape.kernel, "strides": shape.strides, "pads": shape.pads, "dilations": shape.dilations}
    program.emit("max_pool", step, step.inputs, step.output, attrs)


def _check_average_pool(node: Node, graph: Graph) -> None:
    if pool_geometry(node, graph).dilations != [1, 1]:
        raise Unfit("dilations aren't handled")


def _average_pool(step: Step, program: Lowering) -> None:
    shape = pool_geometry(step.node, program.graph)
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    counts = divisors(step.node, program.graph, shape)
    attrs = {"kernel": shape.kernel, "strides": shape.strides, "pads": shape.pads, **program.clamp(step)}
    fixed = {count: fixed_point(source.scale / result.scale / count) for count in np.unique(counts).tolist()}
    if len(fixed) == 1:
        ((multiplier, shift),) = fixed.values()
        program.emit(
            "average_pool", step, step.inputs, step.output, {**attrs, "multiplier": multiplier, "shift": shift}
        )
        return
    arrays = {
        role: np.array([fixed[count][index] for count in counts.ravel().tolist()], np.int64)
        for index, role in enumerate(("multiplier", "shift"))
    }
    program.emit("average_pool", step, step.inputs, step.output, attrs, arrays)


PLACEMENTS = {
    "GlobalAveragePool": Placement(_mean, first_input, clamps=True, check=_check_sum),
    "ReduceMean": Placement(_mean, first_input, clamps=True, check=_check_sum),
    "ReduceSum": Placement(_sum, first_input, clamps=True, check=_check_sum),
    "ReduceMax": Placement(_extreme("reduce_max"), first_input, shares=True, check=_check_axes),
    "ReduceMin": Placement(_extreme("reduce_min"), first_input, shares=True, check=_check_axes),
    "GlobalMaxPool": Placement(_extreme("reduce_max"), first_input, shares=True),
    "AveragePool": Placement(_average_pool, first_input, clamps=True, check=_check_average_pool),
    "MaxPool": Placement(_max_pool, first_input, shares=True, check=_check_max_pool),
}
