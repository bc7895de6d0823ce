"""By how many elements each window of an average pool divides: padding may count or not, also where it is cut off."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from axpair_emulator.graph.session import open_session
from axpair_emulator.graph.simplify import OPSET
from axpair_emulator.graph.view import Array, Graph, Node
from axpair_emulator.plan.geometry import Geometry

IR_VERSION = 10


def divisors(node: Node, graph: Graph, shape: Geometry) -> Array:
    """float64 (H', W'): the divisor of every window.

    The pool of ones is each window's number of elements inside the input over its divisor, so the float engine tells.
    """
    lengths = graph.shapes[node.input(0)][2:]
    inside = [
        _inside(*numbers)
        for numbers in zip(
            lengths,
            graph.shapes[node.outputs[0]][2:],
            shape.kernel,
            shape.strides,
            shape.pads[:2],
            strict=True,
        )
    ]
    pool = onnx.NodeProto()
    pool.CopyFrom(node.proto)
    del pool.input[:], pool.output[:]
    pool.input.append("x")
    pool.output.append("y")
    model = helper.make_model(
        helper.make_graph(
            [pool],
            "pool",
            [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 1, *lengths))],
            [helper.make_empty_tensor_value_info("y")],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    (means,) = open_session(model, optimise=False).run(None, {"x": np.ones((1, 1, *lengths), np.float32)})
    counted = np.outer(*inside)
    divided: Array = np.rint(counted / np.maximum(means[0, 0].astype(np.float64), 1e-9))
    return np.where(counted > 0, divided, 1.0)


def _inside(length: int, outputs: int, size: int, stride: int, before: int) -> Array:
    """How many elements of each window along one axis lie inside the input."""
    starts = np.arange(outputs) * stride - before
    ends: Array = np.minimum(starts + size, length) - np.maximum(starts, 0)
    return np.maximum(ends, 0)
