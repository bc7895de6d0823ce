"""The nodes that one compound node becomes, and what is known of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from axpair_emulator.graph.inference import inferred

Array = np.ndarray[Any, Any]


class Shapes:
    """Static shapes and constants of a model, as far as ONNX's own inference finds them."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = inferred(model) or model.graph  # without shapes the nodes simply stay whole
        self._shapes: dict[str, tuple[int, ...]] = {}
        for value in (*graph.input, *graph.value_info, *graph.output):
            element = value.type.tensor_type
            lengths = [axis.dim_value for axis in element.shape.dim]
            if element.HasField("shape") and min(lengths, default=1) > 0:
                self._shapes[value.name] = tuple(lengths)
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self._constants[node.output[0]] = node.attribute[0].t

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a tensor; None when it isn't known."""
        constant = self._constants.get(name)
        return tuple(constant.dims) if constant is not None else self._shapes.get(name)

    def constant(self, name: str) -> Array | None:
        """The value of a constant; None for anything else."""
        found = self._constants.get(name)
        return numpy_helper.to_array(found) if found is not None else None


class Parts:
    """Collects the nodes in place of one; names of tensors and nodes follow its own."""

    def __init__(self, node: onnx.NodeProto, shapes: Shapes) -> None:
        self.node = node
        self.attrs: dict[str, Any] = {attr.name: helper.get_attribute_value(attr) for attr in node.attribute}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._shapes = shapes
        self._name = node.name or node.output[0]

    def input(self, index: int) -> str:
        """The name of an input; "" when it is absent."""
        return self.node.input[index] if index < len(self.node.input) else ""

    def shape(self, index: int) -> tuple[int, ...] | None:
        """The shape of an input; None when it isn't known."""
        return self.shape_of(self.input(index))

    def shape_of(self, name: str) -> tuple[int, ...] | None:
        """The shape of any tensor of the model; None when it isn't known."""
        return self._shapes.shape(name)

    def constant(self, index: int) -> Array | None:
        """The value of an input that is a constant; None for anything else."""
        return self._shapes.constant(self.input(index))

    def add(self, op_type: str, inputs: Sequence[str], role: str, *, last: bool = False, **attrs: Any) -> str:
        """Appends a node and returns its output; the last one makes the whole node's."""
        output = self.node.output[0] if last else f"{self.node.output[0]}@{role}"
        name = self._name if last else f"{self._name}@{role}"
        self.nodes.append(helper.make_node(op_type, list(inputs), [output], name=name, **attrs))
        return output

    def tensor(self, values: Array, role: str) -> str:
        """Adds a constant and returns its name."""
        name = f"{self.node.output[0]}@{role}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def number(self, value: float) -> str:
        """Adds a float constant of one element."""
        return self.tensor(np.array(value, np.float32), f"number{len(self.constants)}")

    def reshape(self, source: str, shape: Sequence[int], role: str, *, last: bool = False) -> str:
        """Appends a Reshape."""
        return self.add("Reshape", [source, self.tensor(np.array(shape, np.int64), f"{role}.shape")], role, last=last)

    def reduce(self, op_type: str, source: str, axes: Sequence[int], role: str) -> str:
        """Appends a reduction that keeps its axes."""
        return self.add(op_type, [source, self.tensor(np.array(axes, np.int64), f"{role}.axes")], role, keepdims=1)
