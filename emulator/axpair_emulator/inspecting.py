"""What a float model is made of: operators, their cost, what it does to its input before the first layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from axpair_proto.capabilities import DeclaredTensor, FirstNode, Join, ModelFacts, ModelInput, ModelSignature
from onnx import helper, numpy_helper

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import model_inputs, pin_shapes
from axpair_emulator.graph.simplify import simplify
from axpair_emulator.graph.view import Graph, Node, view

Array = np.ndarray[Any, Any]
_SCALES = ("Sub", "Add", "Mul", "Div", "BatchNormalization")
_PASSES = ("Identity", "Cast", "Transpose")
_JOINS = ("Add", "Sub", "Where")
_CARRIES = frozenset(
    ("Mul", "Div", "Neg", "Cast", "Identity", "Unsqueeze", "Squeeze", "Expand", "Reshape", "Transpose", "Slice")
)
"""Operators behind which numbers far from zero still are."""
_FAR = 1000.0
"""From zero; a constant within that is no mask."""
_SHORT = 64
"""Elements of a constant that is shown."""


def inspect(onnx_path: Path, shapes: Mapping[str, tuple[int, ...]]) -> ModelFacts:
    """Look at a model. Raises ModelError for one that can't be read, or whose inputs' shapes aren't known."""
    pinned = pin_shapes(load_onnx(onnx_path), shapes)
    graph = view(simplify(pinned))
    inputs = tuple(
        ModelInput(
            value.name,
            graph.shapes[value.name],
            str(helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)),
            tuple(_first_nodes(pinned, value.name)),
        )
        for value in model_inputs(pinned)
    )
    macs: Counter[str] = Counter()
    elements: Counter[str] = Counter()
    for node in graph.nodes:
        macs[node.op_type] += _macs(graph, node)
        elements[node.op_type] += _given(graph, node)
    silu = list(_silu(graph))
    makers = {output: node for node in graph.nodes for output in node.outputs}
    return ModelFacts(
        inputs=inputs,
        operators=dict(Counter(node.op_type for node in graph.nodes)),
        names={node.name: node.op_type for node in graph.nodes},
        outputs=tuple(graph.outputs),
        macs={kind: number for kind, number in macs.items() if number},
        elements=dict(elements),
        silu_elements=sum(prod(graph.shapes[given]) for _, given in silu),
        silu_macs=sum(_macs(graph, makers[source]) for source, _ in silu if source in makers),
        concats={
            node.outputs[0]: tuple(name for name in node.inputs if not graph.is_constant(name))
            for node in graph.nodes
            if node.op_type == "Concat"
        },
        joins=joins(graph),
    )


def joins(graph: Graph) -> dict[str, Join]:
    """See `Join`, by the tensor that it makes. What lies behind one is no longer far from anything."""
    far = {name for name, values in graph.constants.items() if abs(_farthest(values)) >= _FAR}
    carried = far | {name for name in graph.inputs if graph.dtypes.get(name, "").startswith("float")}
    found = {}
    for node in graph.nodes:
        if node.op_type in _CARRIES and carried & set(node.inputs):
            carried.update(node.outputs)
        # The first operand of Where is a condition.
        values = node.inputs[1:] if node.op_type == "Where" else node.inputs
        if node.op_type in _JOINS and carried & set(values):
            found[node.outputs[0]] = Join(
                node.name,
                node.op_type,
                tuple(name for name in dict.fromkeys(values) if not graph.is_constant(name)),
                tuple(_farthest(graph.constants[name]) for name in values if graph.is_constant(name)),
            )
    return found


def _farthest(values: Array) -> float:
    """The element farthest from zero; 0.0 for none, and for what are no floats."""
    if values.dtype.kind != "f" or not values.size:
        return 0.0
    flat = values.reshape(-1)
    return float(flat[int(np.nan_to_num(np.abs(flat), nan=0.0, posinf=np.inf).argmax())])


def signature(onnx_path: Path) -> ModelSignature:
    """What a model's file declares. Raises ModelError for one that can't be read."""
    model = load_onnx(onnx_path)
    return ModelSignature(
        inputs=tuple(map(_declared, model_inputs(model))),
        outputs=tuple(map(_declared, model.graph.output)),
        operators={node.name or node.output[0]: node.op_type for node in model.graph.node if node.output},
    )


def _declared(value: onnx.ValueInfoProto) -> DeclaredTensor:
    tensor = value.type.tensor_type
    return DeclaredTensor(
        value.name,
        tuple(max(0, axis.dim_value) for axis in tensor.shape.dim),
        str(helper.tensor_dtype_to_np_dtype(tensor.elem_type)),
    )


def _first_nodes(model: onnx.ModelProto, name: str) -> Iterator[FirstNode]:
    """Scaling and shifting operators from an input on, as long as nothing else reads what they pass on."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    while True:
        readers = [node for node in model.graph.node if name in node.input]
        if len(readers) != 1 or readers[0].op_type not in (*_SCALES, *_PASSES):
            return
        node = readers[0]
        others = [operand for operand in node.input if operand and operand != name]
        if any(operand not in constants for operand in others):
            return
        if node.op_type in _SCALES:
            try:
                values = [np.asarray(numpy_helper.to_array(constants[operand])) for operand in others]
            except (ValueError, TypeError) as error:
                raise ModelError(f"a constant of {node.name!r} is damaged", next_step="export it again") from error
            shown = tuple(tuple(map(float, one.reshape(-1))) for one in values if one.size <= _SHORT)
            yield FirstNode(node.name or node.output[0], node.op_type, shown)
        name = node.output[0]


def _macs(graph: Graph, node: Node) -> int:
    shapes = graph.shapes
    if node.op_type in ("Conv", "ConvTranspose"):
        weight = graph.constants[node.input(1)].shape if graph.is_constant(node.input(1)) else shapes[node.input(1)]
        places = shapes[node.outputs[0] if node.op_type == "Conv" else node.inputs[0]]
        return prod(places) * prod(weight[1:])
    if node.op_type in ("Gemm", "MatMul"):
        first = shapes.get(node.input(0)) or graph.constants[node.input(0)].shape
        depth = first[0] if node.attrs.get("transA") else first[-1]
        return prod(shapes[node.outputs[0]]) * depth
    return 0


def _given(graph: Graph, node: Node) -> int:
    return sum(prod(graph.shapes[name]) for name in node.outputs if name in graph.shapes)


def _silu(graph: Graph) -> Iterator[tuple[str, str]]:
    """What goes in and what comes out of each x * sigmoid(x)."""
    gates = {node.outputs[0]: node.inputs[0] for node in graph.nodes if node.op_type == "Sigmoid"}
    for node in graph.nodes:
        if node.op_type in ("Silu", "Swish"):
            yield node.inputs[0], node.outputs[0]
        for gate, other in (node.inputs, node.inputs[::-1]) if node.op_type == "Mul" else ():
            if gates.get(gate) == other:
                yield other, node.outputs[0]
                break
