"""Puts together an ONNX graph: nodes, initializers, and the two quantising operators."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from axpair_emulator.graph.simplify import OPSET
from axpair_emulator.program import Tensor

Array = np.ndarray[Any, Any]
IR_VERSION = 10


class GraphParts:
    """A growing ONNX graph.

    Every name is a role, a slash and the model's own name, so that names of different roles never meet.
    """

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}

    def initializer(self, name: str, values: Array) -> str:
        """Adds a constant once; returns its name."""
        if name not in self._initializers:
            self._initializers[name] = numpy_helper.from_array(np.asarray(values, order="C"), name)
        return name

    def add(self, op_type: str, inputs: list[str], output: str, **attrs: Any) -> str:
        """Appends a node of the standard domain; returns its output."""
        self.nodes.append(helper.make_node(op_type, inputs, [output], **attrs))
        return output

    def add_once(self, op_type: str, inputs: list[str], output: str, **attrs: Any) -> str:
        """The same, but for a node that is there already."""
        if not any(output in node.output for node in self.nodes):
            self.add(op_type, inputs, output, **attrs)
        return output

    def reshape(self, source: str, result: Tensor, output: str = "") -> str:
        """From a float tensor to one of another tensor's shape; returns its name, `float_name` unless said."""
        shape = self.initializer(f"shape/{result.name}", np.array(result.shape, np.int64))
        return self.add("Reshape", [source, shape], output or float_name(result.name))

    def quantise(self, tensor: Tensor, source: str) -> str:
        """From a float tensor to the codes `codes_name(tensor.name)` and back; returns the dequantised name."""
        scale = self.initializer(f"scale/{tensor.name}", np.array(tensor.scale, np.float32))
        zero = self.initializer(f"zero/{tensor.name}", np.array(tensor.zero_point, tensor.dtype))
        codes = self.add("QuantizeLinear", [source, scale, zero], codes_name(tensor.name))
        return self.add("DequantizeLinear", [codes, scale, zero], values_name(tensor.name))

    def constant(self, tensor: Tensor, codes: Array) -> str:
        """A constant operand from its codes; returns the dequantised name."""
        name = values_name(tensor.name)
        if name not in self._initializers:
            largest = np.finfo(np.float32).max
            with np.errstate(over="ignore"):  # the outermost code of a range as wide as float32's lies beyond it
                real = (codes.astype(np.float32) - np.float32(tensor.zero_point)) * np.float32(tensor.scale)
            self.initializer(name, np.clip(real, -largest, largest))
        return name

    def model(self, inputs: list[tuple[str, str, tuple[int, ...]]], outputs: list[str]) -> onnx.ModelProto:
        """The finished model; inputs are (name, dtype, shape)."""
        graph = helper.make_graph(
            self.nodes,
            "reference",
            [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
                for name, dtype, shape in inputs
            ],
            [helper.make_empty_tensor_value_info(name) for name in outputs],
            list(self._initializers.values()),
        )
        model: onnx.ModelProto = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        return model


def codes_name(tensor: str) -> str:
    """The reference's name for a tensor's codes."""
    return f"codes/{tensor}"


def values_name(tensor: str) -> str:
    """The reference's name for a tensor's dequantised values."""
    return f"values/{tensor}"


def float_name(tensor: str) -> str:
    """The reference's name for a tensor before it is quantised."""
    return f"float/{tensor}"
