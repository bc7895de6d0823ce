"""A float model that loses accuracy in one layer when it is quantised, and computes what it did before.

One channel of a layer is stretched, and the layer behind it shrinks that channel again: in float nothing changes, but
the stretched channel alone takes the range of the whole tensor.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

STRETCH = 128.0
"""With 8 bit the tensor's other channels are left with a step of half their range."""


def stretched(model: onnx.ModelProto) -> tuple[onnx.ModelProto, str]:
    """A copy of the model with a channel stretched, and the name of the tensor that it is in.

    Raises ValueError where no convolution or normalisation is followed by a Relu and that by nothing but one
    convolution.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    _hoist_constants(changed.graph)
    for before, relu, behind in _chains(changed.graph):
        values = {one.name: one for one in changed.graph.initializer}
        scaled = before.input[1:3]
        if not {*scaled, behind.input[1]} <= values.keys():
            continue
        for name in scaled:
            _scale(values[name], 0, STRETCH)
        group = next((one.i for one in behind.attribute if one.name == "group"), 1)
        _scale(values[behind.input[1]], 0, 1 / STRETCH, axis=1 if behind.op_type == "Conv" and group == 1 else 0)
        return changed, relu.output[0]
    raise ValueError("no Relu stands between two layers that could be scaled")


def _hoist_constants(graph: onnx.GraphProto) -> None:
    """Weights that are Constant nodes become initialisers."""
    constants = [node for node in graph.node if node.op_type == "Constant" and node.attribute[0].name == "value"]
    for node in constants:
        tensor = graph.initializer.add()
        tensor.CopyFrom(node.attribute[0].t)
        tensor.name = node.output[0]
        graph.node.remove(node)


def _chains(graph: onnx.GraphProto) -> Iterator[tuple[onnx.NodeProto, onnx.NodeProto, onnx.NodeProto]]:
    """The last first: what is lost there isn't averaged away behind it."""
    made = {output: node for node in graph.node for output in node.output}
    used: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            used.setdefault(name, []).append(node)
    for relu in reversed(graph.node):
        if relu.op_type != "Relu" or relu.input[0] not in made:
            continue
        before, behind = made[relu.input[0]], used.get(relu.output[0], [])
        if (
            before.op_type in ("Conv", "BatchNormalization")
            and len(used[relu.input[0]]) == 1
            and [one.op_type for one in behind] in (["Conv"], ["ConvTranspose"])
        ):
            yield before, relu, behind[0]


def _scale(tensor: onnx.TensorProto, channel: int, factor: float, axis: int = 0) -> None:
    values: np.ndarray[Any, Any] = numpy_helper.to_array(tensor).copy()
    values[(slice(None),) * axis + (channel,)] *= factor
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
