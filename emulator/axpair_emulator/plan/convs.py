"""Conv, ConvTranspose, and a BatchNormalization that stands alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from axpair_emulator.plan.lowering import Array, Lowering, Placement, first_input, unplaceable
from axpair_emulator.plan.padding import explicit_pads
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.weights import QuantisedWeights, quantise_weights


def _conv(step: Step, program: Lowering) -> None:
    node = step.node
    weight = program.constant(step, node.input(1), "weight")
    if weight.ndim == 3:
        _conv_of_rows(step, program, weight)
        return
    if weight.ndim != 4:
        raise unplaceable(node, program.graph, f"it has {weight.ndim - 2} spatial axes; only two are handled")
    outputs = weight.shape[0]
    dilations = list(node.attrs.get("dilations", [1, 1]))
    strides = list(node.attrs.get("strides", [1, 1]))
    extents = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilations, strict=True)]
    quantised = _quantise(step, program, weight, outputs)
    attrs = {
        "strides": strides,
        "pads": explicit_pads(step, program, extents, strides),
        "dilations": dilations,
        "group": int(node.attrs.get("group", 1)),
    }
    _emit(step, program, "conv", attrs, quantised.codes, quantised)


def _conv_of_rows(step: Step, program: Lowering, weight: Array) -> None:
    """One spatial axis: a conv over images of one row, between two reshapes."""
    node = step.node
    if node.attrs.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise unplaceable(node, program.graph, "auto_pad isn't handled with one spatial axis; use explicit pads")
    quantised = _quantise(step, program, weight, weight.shape[0])
    before, after = node.attrs.get("pads", [0, 0])
    attrs = {
        "strides": [1, *node.attrs.get("strides", [1])],
        "pads": [0, before, 0, after],
        "dilations": [1, *node.attrs.get("dilations", [1])],
        "group": int(node.attrs.get("group", 1)),
    }
    source, result = row_names(step)
    for tensor, name in ((program.tensors[step.inputs[0]], source), (program.tensors[step.output], result)):
        batch, channels, length = tensor.shape
        program.tensors[name] = replace(tensor, name=name, shape=(batch, channels, 1, length))
    program.emit("reshape", step, step.inputs, source, {"shape": list(program.tensors[source].shape)})
    inner = replace(step, inputs=(source,), outputs=(result,))
    _emit(inner, program, "conv", attrs, quantised.codes[:, :, None], quantised)
    program.emit("reshape", step, (result,), step.output, {"shape": list(program.tensors[step.output].shape)})


def row_names(step: Step) -> tuple[str, str]:
    """Names of the images of one row before and after a conv with one spatial axis."""
    return f"{step.output}@row_in", f"{step.output}@row_out"


def _conv_transpose(step: Step, program: Lowering) -> None:
    node = step.node
    weight = program.constant(step, node.input(1), "weight")
    if weight.ndim != 4:
        raise unplaceable(node, program.graph, f"it has {weight.ndim - 2} spatial axes; only two are handled")
    if "output_shape" in node.attrs or node.attrs.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise unplaceable(node, program.graph, "output_shape and auto_pad aren't handled; use explicit pads")
    group = int(node.attrs.get("group", 1))
    inputs, per_group, height, width = weight.shape
    # Output channels first: (group, I/group, O/group, ...) to (O, I/group, ...).
    split = weight.reshape(group, inputs // group, per_group, height, width).transpose(0, 2, 1, 3, 4)
    rows = split.reshape(group * per_group, inputs // group, height, width)
    quantised = _quantise(step, program, rows, group * per_group)
    codes = quantised.codes.reshape(group, per_group, inputs // group, height, width)
    attrs = {
        "strides": list(node.attrs.get("strides", [1, 1])),
        "pads": list(node.attrs.get("pads", [0, 0, 0, 0])),
        "dilations": list(node.attrs.get("dilations", [1, 1])),
        "group": group,
        "output_padding": list(node.attrs.get("output_padding", [0, 0])),
    }
    _emit(step, program, "conv_transpose", attrs, codes.transpose(0, 2, 1, 3, 4).reshape(weight.shape), quantised)


def _batch_norm(step: Step, program: Lowering) -> None:
    node = step.node
    scale, bias, mean, variance = (
        program.constant(step, node.input(index), role).astype(np.float64)
        for index, role in enumerate(("scale", "bias", "mean", "variance"), start=1)
    )
    if len(program.graph.shapes[node.input(0)]) != 4:
        raise unplaceable(node, program.graph, "its input hasn't four axes")
    gain = scale / np.sqrt(variance + node.attrs.get("epsilon", 1e-5))
    source, result = (program.tensors[name] for name in (step.inputs[0], step.output))
    quantised = quantise_weights(
        gain.reshape(-1, 1, 1, 1), bias - mean * gain, source, result, per_channel=program.per_channel
    )
    program.weights[step.output] = quantised
    attrs = {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "group": len(gain)}
    _emit(step, program, "conv", attrs, quantised.codes, quantised)


def _quantise(step: Step, program: Lowering, rows: Array, outputs: int) -> QuantisedWeights:
    bias_name = step.node.input(2)
    bias = program.constant(step, bias_name, "bias") if bias_name else np.zeros(outputs)
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    quantised = quantise_weights(rows, bias, source, result, per_channel=program.per_channel)
    program.weights[step.output] = quantised
    return quantised


def _emit(
    step: Step,
    program: Lowering,
    kind: str,
    attrs: dict[str, object],
    codes: Array,
    quantised: QuantisedWeights,
) -> None:
    program.emit(
        kind,
        step,
        step.inputs,
        step.output,
        {**attrs, **program.clamp(step)},
        {
            "weight": codes,
            "bias": quantised.bias,
            "multiplier": quantised.multipliers,
            "shift": quantised.shifts,
        },
    )


PLACEMENTS = {
    "Conv": Placement(_conv, first_input, clamps=True),
    "ConvTranspose": Placement(_conv_transpose, first_input, clamps=True),
    "BatchNormalization": Placement(_batch_norm, first_input, clamps=True),
}
