"""Small onnxruntime graphs that serve as exact kernels: whole numbers in float32, under the bounds of `bounds.py`.

The graphs are made by hand, never taken from a model, so that no optimiser can reorder an arithmetic that matters:
quantisation-aware rewriting is switched off, as is folding factors into weights, and the other rewriting (blocked
layouts for convolutions) changes the order of exact sums alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime

from axpair_emulator.cmodel.site import Array

_TYPES = {
    "uint8": onnx.TensorProto.UINT8,
    "uint16": onnx.TensorProto.UINT16,
    "int32": onnx.TensorProto.INT32,
    "float32": onnx.TensorProto.FLOAT,
    "float64": onnx.TensorProto.DOUBLE,
}
_KEPT_OUT = ["ConvMulFusion", "ConvBNFusion", "MatMulScaleFusion"]
"""Rewriting that would multiply weights or products by something that isn't whole."""


class Graph:
    """A graph under construction. Inputs have the caller's names; all else is named here."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._centred: dict[tuple[str, int, float], str] = {}

    def input(self, name: str, dtype: str) -> str:
        """Declare an input of any shape."""
        self._inputs.append(onnx.helper.make_tensor_value_info(name, _TYPES[dtype], None))
        return name

    def output(self, name: str, dtype: str) -> None:
        """Declare an output of any shape."""
        self._outputs.append(onnx.helper.make_tensor_value_info(name, _TYPES[dtype], None))

    def constant(self, values: Array | np.generic) -> str:
        """Add a constant, once however often it is asked for."""
        array = np.asarray(values, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = onnx.numpy_helper.from_array(array, f"constant{len(self._constants)}")
        return self._constants[key].name

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output; returns its name."""
        output = f"made{len(self._nodes)}"
        self._nodes.append(onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def cast(self, name: str, dtype: str) -> str:
        """Add a conversion that must not lose anything; floats that aren't whole are cut off."""
        return self.node("Cast", [name], to=_TYPES[dtype])

    def centred(self, name: str, zero_point: int, scale: np.floating[Any] | float = 1.0) -> str:
        """Add (name - zero_point) * scale in float32, exact while scale is 1; `name` holds uint8 codes."""
        key = (name, zero_point, float(scale))
        if key not in self._centred:
            constants = [self.constant(np.float32(scale)), self.constant(np.uint8(zero_point))]
            self._centred[key] = self.node("DequantizeLinear", [name, *constants])
        return self._centred[key]

    def quantised(self, name: str, scales: Array, zero_point: int, axis: int = 1) -> str:
        """Add clamp(round(name / scale) + zero_point) to uint8, one scale for all or one for each along `axis`."""
        constants = [
            self.constant(scales.astype(np.float32)),
            self.constant(np.full(scales.shape, zero_point, np.uint8)),
        ]
        return self.node("QuantizeLinear", [name, *constants], **({"axis": axis} if scales.ndim else {}))

    def reshaped(self, name: str, shape: Sequence[int]) -> str:
        """Add a change of shape."""
        return self.node("Reshape", [name, self.constant(np.array(shape, np.int64))])

    def session(self, threads: int, blocked: bool = False) -> Session:
        """Make it executable; `blocked` lets the runtime choose its own blocked memory layouts."""
        constants = list(self._constants.values())
        graph = onnx.helper.make_graph(self._nodes, "kernel", self._inputs, self._outputs, initializer=constants)
        model = onnx.helper.make_model(
            graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8, producer_name="axpair"
        )
        return Session(model.SerializeToString(), threads, blocked, tuple(output.name for output in self._outputs))


Fragment = Callable[[Graph, Sequence[str]], str]
"""Adds an operator to a graph: from the names of its operands' codes to the name of its output's."""


class Session:
    """An executable graph; calls are safe from several threads."""

    def __init__(self, model: bytes, threads: int, blocked: bool, outputs: tuple[str, ...]) -> None:
        _share_memory()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        levels = onnxruntime.GraphOptimizationLevel
        options.graph_optimization_level = levels.ORT_ENABLE_ALL if blocked else levels.ORT_DISABLE_ALL
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.use_env_allocators", "1")
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_KEPT_OUT
        )
        self._outputs = list(outputs)

    def __call__(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Run once; inputs by name, outputs in the order in which the graph declared them."""
        results: list[Array] = self._session.run(self._outputs, inputs)
        return results


@functools.cache
def _share_memory() -> None:
    """Let all sessions of this process take their buffers from one arena: dozens of them would keep one each."""
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(memory, None)
