"""Gives every input a static shape: the joint's shapes are fixed when it is built."""

from __future__ import annotations

import math
from collections.abc import Mapping

import onnx
from axpair_proto.advice import again, with_other

from axpair_emulator.errors import ModelError, OpenShapeError
from axpair_emulator.graph.tensors import MAX_AXES
from axpair_emulator.graph.vast import MAX_ELEMENTS, require_moderate_tensors


def model_inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """The inputs that a caller feeds: older models list their weights as inputs too."""
    weights = {tensor.name for tensor in model.graph.initializer}
    used = {name for node in model.graph.node for name in node.input}
    return [value for value in model.graph.input if value.name not in weights and value.name in used]


def pin_shapes(model: onnx.ModelProto, wanted: Mapping[str, tuple[int, ...]]) -> onnx.ModelProto:
    """A copy with static input shapes: those wanted, else the model's own with an open batch taken as 1.

    Shapes that the model declares for other tensors are dropped, as they may contradict. Raises ModelError for a model
    without inputs, an unknown name, another number of axes, an axis other than the batch that stays open, or tensors
    beyond measure anywhere in the model.
    """
    pinned = onnx.ModelProto()
    pinned.CopyFrom(model)
    graph = pinned.graph
    inputs = model_inputs(pinned)
    names = [value.name for value in inputs]
    if not names:
        unused = ", ".join(repr(value.name) for value in graph.input)
        raise ModelError(
            f"no operator reads {unused}, the model's only input" if unused else "the model has no input",
            next_step="export the model with the input that it is fed with; constants need no joint",
        )
    for name in wanted:
        if name not in names:
            raise ModelError(
                f"--input-shape names {name!r}; the model's inputs are {', '.join(map(repr, names))}",
                next_step=with_other(
                    "--input-shape", f"{names[0]}:{_example(inputs[0])}", "with the lengths that you run:"
                ),
            )
    for value in inputs:
        _pin(value, wanted.get(value.name))
    del graph.input[:]
    graph.input.extend(inputs)
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    require_moderate_tensors(pinned)
    return pinned


def _example(value: onnx.ValueInfoProto) -> str:
    """The model's own lengths, with others for those that it leaves open."""
    if not value.type.tensor_type.HasField("shape"):
        return "1x3x224x224"
    lengths = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
    return "x".join(str(length if length > 0 else 224 if at else 1) for at, length in enumerate(lengths))


def _pin(value: onnx.ValueInfoProto, wanted: tuple[int, ...] | None) -> None:
    declared = value.type.tensor_type.shape.dim
    shown = "x".join(str(axis.dim_value or axis.dim_param or "?") for axis in declared)
    if not value.type.tensor_type.HasField("shape") and wanted is None:
        raise OpenShapeError(
            f"input {value.name!r} declares no shape",
            next_step=again("with the lengths that you run:", "--input-shape", f"{value.name}:{_example(value)}"),
        )
    if wanted is None:
        lengths = [axis.dim_value for axis in declared]
        if lengths and lengths[0] < 1:
            lengths[0] = 1
        if any(length < 1 for length in lengths):
            raise OpenShapeError(
                f"input {value.name!r} has the shape {shown}: axes other than the batch are open",
                next_step=again("with the lengths that you run:", "--input-shape", f"{value.name}:{_example(value)}"),
            )
        wanted = tuple(lengths)
    if value.type.tensor_type.HasField("shape") and len(wanted) != len(declared):
        raise ModelError(
            f"--input-shape gives {value.name!r} {len(wanted)} axes; the model's have {len(declared)} ({shown})",
            next_step="give as many lengths as the model has axes",
        )
    if min(wanted, default=1) < 1 or math.prod(wanted) > MAX_ELEMENTS or len(wanted) > MAX_AXES:
        raise ModelError(
            f"input {value.name!r} would have the shape {'x'.join(map(str, wanted))}",
            next_step="every length is at least 1, and an input has at most 2^26 elements and 32 axes",
        )
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    for length in wanted:
        shape.dim.add(dim_value=length)
