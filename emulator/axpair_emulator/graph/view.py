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
from axpair_emulator.graph.vast import require_moderate_tensors

Array = np.ndarray[Any, Any]
_DTYPES = {"float": "float32", "double": "float64", "string": "object"}
"""onnxruntime's words for numpy's dtypes, where they differ."""


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

    Raises ModelError when onnxruntime refuses the model, naming its reason, or for tensors beyond measure.
    """
    require_moderate_tensors(model)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
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
    inputs = tuple(value.name for value in model_inputs(model))
    fixed = _fixed(nodes, inputs)
    outputs = tuple(value.name for value in model.graph.output)
    made = (*(name for node in nodes for name in node.outputs if name), *outputs)
    names = [name for name in dict.fromkeys(made) if name not in inputs]
    dtypes = _dtypes(model, names)
    shapes, values = _run_on_zeros(model, names, [name for node in fixed for name in node.outputs if name])
    constants.update(values)
    opset = max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    return Graph(
        model=model,
        nodes=tuple(node for node in nodes if node not in fixed),
        inputs=inputs,
        outputs=outputs,
        constants=constants,
        shapes=shapes,
        dtypes=dtypes,
        opset=opset,
    )


def _constant(proto: onnx.NodeProto) -> Array:
    attr = proto.attribute[0]
    value = helper.get_attribute_value(attr)
    if attr.name == "value":
        return numpy_helper.to_array(value)
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


def _dtypes(model: onnx.ModelProto, names: list[str]) -> dict[str, str]:
    session = open_session(model, extra_outputs=names, optimise=False)
    found = {}
    for value in (*session.get_inputs(), *session.get_outputs()):
        if not value.type.startswith("tensor("):
            raise ModelError(
                f"{value.name!r} is a {value.type}; joints are made of tensors alone",
                next_step="export the model without sequences, maps and optional values",
            )
        word = value.type.removeprefix("tensor(").removesuffix(")")
        found[value.name] = _DTYPES.get(word, word)
    return found


def _run_on_zeros(
    model: onnx.ModelProto, names: list[str], wanted: list[str]
) -> tuple[dict[str, tuple[int, ...]], dict[str, Array]]:
    """The shapes of the named tensors and the inputs, and the values of those wanted; no other is ever kept."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    lengths = {name: f"{name}@lengths" for name in names}
    copy.graph.node.extend(helper.make_node("Shape", [name], [lengths[name]]) for name in names)
    del copy.graph.output[:]
    copy.graph.output.extend(map(helper.make_empty_tensor_value_info, [*lengths.values(), *wanted]))
    session = open_session(copy, optimise=False)  # else Shapes run last, and all is kept till then
    feeds: dict[str, Array] = {}
    for value in model_inputs(model):
        element = value.type.tensor_type
        shape = tuple(axis.dim_value for axis in element.shape.dim)
        feeds[value.name] = np.zeros(shape, helper.tensor_dtype_to_np_dtype(element.elem_type))
    try:
        results = session.run([*lengths.values(), *wanted], feeds)
    except Exception as error:  # onnxruntime's own exceptions share no public base
        raise ModelError(
            f"onnxruntime can't run the model with these input shapes: {first_line(error)}",
            next_step="check --input-shape: some models need multiples of 32",
        ) from error
    shapes = {name: tuple(array.shape) for name, array in feeds.items()}
    shapes.update((name, tuple(array.tolist())) for name, array in zip(names, results, strict=False))
    return shapes, dict(zip(wanted, results[len(names) :], strict=True))
