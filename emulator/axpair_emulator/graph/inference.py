"""Shapes as ONNX infers them, and a refusal of those that would end the process.

Where a window is larger than what it looks at, ONNX infers a length below zero. A Slice of such a tensor makes onnx
1.23 and onnxruntime 1.32 abort, in C++, so it is found out before either of them sees the Slice.
"""

from __future__ import annotations

import onnx

from axpair_emulator.errors import ModelError

_HIDDEN = "HiddenSlice"
"""An operator that ONNX knows nothing of: it infers nothing of such nodes."""
_SHORT = 1024
"""Bytes of constants that shapes may depend on."""


def inferred(model: onnx.ModelProto) -> onnx.GraphProto | None:
    """The graph with all shapes that can be inferred; None where none can.

    Raises ModelError for a tensor with a length below zero, in a model that slices.
    """
    if any(node.op_type == "Slice" for node in model.graph.node):
        _require_lengths(model)
    return _infer(model)


def _infer(model: onnx.ModelProto) -> onnx.GraphProto | None:
    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:  # from C++; the checker's and onnxruntime's words on broken models are clearer
        return None


def _require_lengths(model: onnx.ModelProto) -> None:
    """Infers without the Slices first, then with those whose inputs proved sound, until no more do."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for tensor in bare.graph.initializer:
        if len(tensor.raw_data) > _SHORT:
            tensor.ClearField("raw_data")
    hidden = [node for node in bare.graph.node if node.op_type == "Slice" and node.input]
    for node in hidden:
        node.op_type = _HIDDEN
    while hidden:
        graph = _infer(bare)
        if graph is None:
            return
        shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
        for value in (*graph.input, *graph.output, *graph.value_info):
            if value.type.tensor_type.HasField("shape"):
                shapes[value.name] = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
                if min(shapes[value.name], default=0) < 0:
                    raise _negative(value.name, shapes[value.name])
        sound = [node.input[0] in shapes for node in hidden]
        if not any(sound):
            return
        for node, known in zip(hidden, sound, strict=True):
            if known:
                node.op_type = "Slice"
        hidden = [node for node in hidden if node.op_type == _HIDDEN]


def _negative(name: str, lengths: list[int]) -> ModelError:
    return ModelError(
        f"tensor {name!r} would have the shape {'x'.join(map(str, lengths))}: a window is larger than what it looks at",
        next_step="check pads, kernels and strides before it, and --input-shape: some models need larger inputs",
    )
