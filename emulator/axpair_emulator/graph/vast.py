"""Refuses models that ask for memory without measure, before any of it is taken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import onnx

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.inference import inferred

MAX_ELEMENTS = 1 << 26
"""Of one tensor: a quarter of a gigabyte of floats."""
MAX_ELEMENTS_OUTSIDE = 1 << 25
"""Of all inputs and outputs together: each form of the model gives them, and they are compared."""
MAX_ELEMENTS_OF_ALL = 9 << 26
"""Of all tensors that a model computes. A face detector on 1056x1920 has 552 million."""


def require_moderate_tensors(model: onnx.ModelProto) -> None:
    """Raises ModelError where a tensor, the inputs and outputs, or all tensors would have more elements than they may.

    As far as ONNX can infer shapes. A few bytes are enough to ask for a vast tensor: a Tile by a constant, or a pad.
    """
    shapes = _shapes(model)
    names = [value.name for value in (*model.graph.input, *model.graph.output)]
    outside = {name: shapes[name] for name in names if name in shapes}
    for name, lengths in shapes.items():
        if math.prod(lengths) > MAX_ELEMENTS:
            raise _vast(f"a tensor has at most {MAX_ELEMENTS} elements", {name: lengths})
    for limit, of, several in (
        (MAX_ELEMENTS_OUTSIDE, "inputs and outputs have", outside),
        (MAX_ELEMENTS_OF_ALL, "a model's tensors have", shapes),
    ):
        if sum(map(math.prod, several.values())) > limit:
            raise _vast(f"{of} at most {limit} elements together", several)


def elements_of(model: onnx.ModelProto) -> int:
    """How many elements all tensors of a model have together, weights apart, as far as ONNX can infer it."""
    return sum(map(math.prod, _shapes(model).values()))


def _shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    graph = inferred(model)
    if graph is None:
        return {}
    return {value.name: _lengths(value) for value in (*graph.input, *graph.output, *graph.value_info)}


def _lengths(value: onnx.ValueInfoProto) -> list[int]:
    return [max(axis.dim_value, 1) for axis in value.type.tensor_type.shape.dim]


def _vast(limit: str, shapes: Mapping[str, Sequence[int]]) -> ModelError:
    """The error names the largest."""
    name, lengths = max(shapes.items(), key=lambda item: math.prod(item[1]))
    bytes_, whole = (4 * math.prod(lengths), 4 * sum(map(math.prod, shapes.values())))
    shown = f"tensor {name!r} would have the shape {'x'.join(map(str, lengths))}, {bytes_} bytes of float"
    if len(shapes) > 1:
        shown += f", and {len(shapes)} tensors {whole} bytes"
    return ModelError(
        f"{shown}; {limit}",
        next_step="check --input-shape and the model: a batch, a pad, a tile or an expansion by a wrong number, say",
    )
