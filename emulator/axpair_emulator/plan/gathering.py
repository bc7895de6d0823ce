"""Operators that pick or repeat codes along axes: Gather, Tile, Expand, and all padding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from axpair_emulator.graph.ids import INTEGERS
from axpair_emulator.graph.view import Array, Graph, Node
from axpair_emulator.plan.fit import Unfit, integers, known, word
from axpair_emulator.plan.lowering import Lowering, Placement, first_input
from axpair_emulator.plan.step import LOOKUP, Step, raw_name
from axpair_emulator.quantize.activations import code_of, codes_of


def emit_gather(step: Step, program: Lowering, indices: Mapping[int, Array]) -> None:
    """Adds a gather: by axis, which indices of it come out, in order."""
    arrays = {f"indices_{k}": np.asarray(values, np.int64).ravel() for k, values in enumerate(indices.values())}
    program.emit("gather", step, step.inputs, step.output, {"axes": list(indices)}, arrays)


def _check_gather(node: Node, graph: Graph) -> None:
    known(node, graph, 1, "indices")


def _gather(step: Step, program: Lowering) -> None:
    shape = program.graph.shapes[step.inputs[0]]
    axis = int(step.node.attrs.get("axis", 0)) % len(shape)
    indices = program.constant(step.node.input(1)).astype(np.int64)
    emit_gather(step, program, {axis: indices % shape[axis]})


def is_lookup(node: Node, graph: Graph) -> bool:
    """Whether a Gather takes rows of a constant table by the whole numbers of an input."""
    table = graph.constants.get(node.input(0))
    return (
        node.op_type == "Gather"
        and table is not None
        and table.dtype == np.float32
        and table.ndim > 0
        and node.input(1) in graph.inputs
        and graph.dtypes[node.input(1)] in INTEGERS
        and int(node.attrs.get("axis", 0)) in (0, -table.ndim)
    )


def _lookup(step: Step, program: Lowering) -> None:
    table = program.constant(step.node.input(0))
    codes = codes_of(table.reshape(len(table), -1).astype(np.float64), program.tensors[step.output])
    # What the joint takes is handed on as it is: no codes are made of ids.
    program.emit("lookup", step, (raw_name(step.inputs[0]),), step.output, arrays={"table": codes})


def _ids(node: Node) -> tuple[str, ...]:
    return node.inputs[1:2]


def _check_tile(node: Node, graph: Graph) -> None:
    known(node, graph, 1, "repeats")


def _repeated(step: Step, program: Lowering) -> None:
    """Tile and Expand (of equal rank): each axis comes out several times over."""
    before, after = (program.graph.shapes[name] for name in (step.inputs[0], step.output))
    grown = {
        axis: np.arange(new) % old for axis, (old, new) in enumerate(zip(before, after, strict=True)) if old != new
    }
    emit_gather(step, program, grown or {0: np.arange(before[0])})


def _check_expand(node: Node, graph: Graph) -> None:
    if len(graph.shapes[node.input(0)]) != len(graph.shapes[node.outputs[0]]):
        raise Unfit("it adds axes")


def _check_pad(node: Node, graph: Graph) -> None:
    mode = word(node, "mode", "constant")
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise Unfit(f"its mode {mode!r} isn't known")
    pads = integers(node, graph, 1, "pads")
    if mode == "constant" and node.input(2):
        known(node, graph, 2, "value")
    if node.input(3):
        known(node, graph, 3, "axes")
    if mode == "reflect" and min(pads, default=0) < 0:
        raise Unfit("it mirrors and crops at once")


def _pad(step: Step, program: Lowering) -> None:
    node, mode = step.node, word(step.node, "mode", "constant")
    shape = program.graph.shapes[step.inputs[0]]
    rank = len(shape)
    pads = integers(node, program.graph, 1, "pads")
    if node.input(3):
        axes = [axis % rank for axis in integers(node, program.graph, 3, "axes")]
        given, pads = pads, [0] * (2 * rank)
        for index, axis in enumerate(axes):
            pads[axis], pads[rank + axis] = given[index], given[len(axes) + index]
    if mode in ("edge", "wrap"):
        wanted = {
            axis: np.arange(-pads[axis], length + pads[rank + axis])
            for axis, length in enumerate(shape)
            if pads[axis] or pads[rank + axis]
        }
        inside = {
            axis: np.clip(places, 0, shape[axis] - 1) if mode == "edge" else places % shape[axis]
            for axis, places in wanted.items()
        }
        emit_gather(step, program, inside or {0: np.arange(shape[0])})
    elif mode == "reflect":
        program.emit("pad", step, step.inputs, step.output, {"pads": pads, "value": 0, "reflect": 1})
    else:
        value = float(program.constant(node.input(2)).ravel()[0]) if node.input(2) else 0.0
        attrs = {"pads": pads, "value": code_of(value, program.tensors[step.output])}
        program.emit("pad", step, step.inputs, step.output, attrs)


PLACEMENTS = {
    LOOKUP: Placement(_lookup, _ids),
    "Gather": Placement(_gather, first_input, shares=True, check=_check_gather),
    "Tile": Placement(_repeated, first_input, shares=True, check=_check_tile),
    "Expand": Placement(_repeated, first_input, shares=True, check=_check_expand),
    "Pad": Placement(_pad, first_input, shares=True, check=_check_pad),
}
