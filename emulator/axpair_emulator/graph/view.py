"""A plain typed view of a simplified model: nodes, constants and the shape and dtype of every tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.pin import model_inputs
from axpair_emulator.graph.session import first_line, open_session

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Node:
    """One operator of the float model; absent optional inputs are empty names."""

    name: str
    """The ONNX node's name, or its first output where it has none."""
    op_type: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any]
    proto: onnx.NodeProto

    def input(self, index: int) -> str:
        """The name of an input; "" when it is absent."""
        return self.inputs[index] if index < len(self.inputs) else ""


@dataclass(frozen=True)
class Graph:
    """The whole float model, every shape static."""

    model: onnx.ModelProto
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Array]
    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str]
    opset: int

    def is_constant(self, name: str) -> bool:
        """Whether a tensor's value is known when building."""
        return name in self.constants


def view(model: onnx.ModelProto) -> Graph:
    """The view; shapes come from running the model once on zeros, so they are those of onnxruntime.

    Raises ModelError when onnxruntime refuses the model, naming its reason.
    """
    constants = {tensor.name: _stored(tensor) for tensor in model.graph.initializer}
    nodes: list[Node] = []
    for proto in model.graph.node:
        if proto.op_type == "Constant" and proto.domain in ("", "ai.onnx"):
            constants[proto.output[0]] = _constant(proto)
            continue
        nodes.append(
            Node(
                name=proto.name or proto.output[0],
                op_type=proto.op_type,
                domain=proto.domain,
                inputs=tuple(proto.input),
                outputs=tuple(proto.output),
                attrs={attr.name: helper.get_attribute_value(attr) for attr in proto.attribute},
                proto=proto,
            )
        )
    arrays = _run_on_zeros(model, [name for node in nodes for name in node.outputs if name])
    inputs = tuple(value.name for value in model_inputs(model))
    fixed = _fixed(nodes, inputs)
    constants.update((name, arrays[name]) for node in fixed for name in node.outputs if name)
    opset = max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    return Graph(
        model=model,
        nodes=tuple(node for node in nodes if node not in fixed),
        inputs=inputs,
        outputs=tuple(value.name for value in model.graph.output),
        constants=constants,
        shapes={name: tuple(array.shape) for name, array in arrays.items()},
        dtypes={name: str(array.dtype) for name, array in arrays.items()},
        opset=opset,
    )


def _stored(tensor: onnx.TensorProto) -> Array:
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"the weights {tensor.name!r} of the model are damaged: {first_line(error)}",
            next_step="export the model again",
        ) from error


def _constant(proto: onnx.NodeProto) -> Array:
    if len(proto.attribute) != 1:
        raise ModelError(
            f"the Constant {proto.name or proto.output[0]!r} has {len(proto.attribute)} attributes instead of one",
            next_step="export the model again",
        )
    attr = proto.attribute[0]
    if attr.name == "value":
        return _stored(attr.t)
    value = helper.get_attribute_value(attr)
    return np.asarray(value, dtype=np.float32 if attr.name.startswith("value_float") else None)


def _fixed(nodes: Sequence[Node], inputs: Sequence[str]) -> list[Node]:
    """The nodes whose results are the same whatever the inputs' values: what a simplifier left of shape arithmetic."""
    changing, fixed = set(inputs), []
    for node in nodes:
        if node.op_type in ("Shape", "Size") or not (changing.intersection(node.inputs) or _unsteady(node)):
            fixed.append(node)
        else:
            changing.update(node.outputs)
    return fixed


def _unsteady(node: Node) -> bool:
    """Whether a node may give something else each time, or reads tensors that it doesn't name."""
    graphs = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
    named = node.op_type.startswith("Random") or node.op_type in ("Bernoulli", "Multinomial")
    return named or any(attr.type in graphs for attr in node.proto.attribute)


def _run_on_zeros(model: onnx.ModelProto, names: list[str]) -> dict[str, Array]:
    session = open_session(model, extra_outputs=names)
    feeds: dict[str, Array] = {}
    for value in model_inputs(model):
        element = value.type.tensor_type
        shape = tuple(axis.dim_value for axis in element.shape.dim)
        feeds[value.name] = np.zeros(shape, helper.tensor_dtype_to_np_dtype(element.elem_type))
    try:
        results = session.run(None, feeds)
    except Exception as error:  # onnxruntime's own exceptions share no public base
        raise ModelError(
            f"onnxruntime can't run the model with these input shapes: {first_line(error)}",
            next_step="check --input-shape: some models need multiples of 32",
        ) from error
    found: dict[str, Array] = dict(feeds)
    for output, array in zip(session.get_outputs(), results, strict=True):
        found[output.name] = array
    return found
