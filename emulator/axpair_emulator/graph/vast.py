"""Refuses models that ask for memory without measure, before any of it is taken."""

from __future__ import annotations

import math

import onnx

from axpair_emulator.errors import ModelError

MAX_ELEMENTS = 1 << 28
"""Of one tensor: a gigabyte of floats."""
MAX_ELEMENTS_OF_ALL = 1 << 29
"""Of all tensors that a model computes: shapes are found by running it once, all of them kept."""


def require_moderate_tensors(model: onnx.ModelProto) -> None:
    """Raises ModelError where a tensor would have over 2^28 elements, or all over 2^29, as far as ONNX can infer it.

    A few bytes are enough to ask for such a one: a Tile or an Expand by a constant.
    """
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception:  # the checker's and onnxruntime's words on broken models are clearer
        return
    whole = 0
    for value in (*inferred.graph.value_info, *inferred.graph.output):
        lengths = [max(axis.dim_value, 1) for axis in value.type.tensor_type.shape.dim]
        whole += math.prod(lengths)
        if math.prod(lengths) > MAX_ELEMENTS or whole > MAX_ELEMENTS_OF_ALL:
            raise ModelError(
                f"tensor {value.name!r} would have the shape {'x'.join(map(str, lengths))}; a tensor has at most "
                f"{MAX_ELEMENTS} elements, all of a model together {MAX_ELEMENTS_OF_ALL}",
                next_step="check --input-shape and the model: a batch, a tile or an expansion by a wrong number, say",
            )
