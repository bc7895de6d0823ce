"""Conv, ConvTranspose, and a BatchNormalization that stands alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.fit import Unfit, known
from axpair_emulator.plan.geometry import Geometry, conv_geometry
from axpair_emulator.plan.lowering import Array, Lowering, Placement, first_input
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.weights import QuantisedWeights, quantise_weights


def _check(node: Node, graph: Graph) -> None:
    conv_geometry(node, graph)


def _conv(step: Step, program: Lowering) -> None:
    weight = program.constant(step.node.input(1))
    quantised = _quantise(step, program, weight, weight.shape[0])
    _place(step, program, "conv", conv_geometry(step.node, program.graph), quantised.codes, quantised)


def _conv_transpose(step: Step, program: Lowering) -> None:
    weight = program.constant(step.node.input(1))
    shape = conv_geometry(step.node, program.graph)
    group = shape.group
    inputs, per_group, *kernel = weight.shape
    # Output channels first: (group, I/group, O/group, ...) to (O, I/group, ...).
    split = weight.reshape(group, inputs // group, per_group, *kernel).swapaxes(1, 2)
    rows = split.reshape(group * per_group, inputs // group, *kernel)
    quantised = _quantise(step, program, rows, group * per_group)
    codes = quantised.codes.reshape(split.shape).swapaxes(1, 2).reshape(weight.shape)
    _place(step, program, "conv_transpose", shape, codes, quantised)


def _place(
    step: Step, program: Lowering, kind: str, shape: Geometry, codes: Array, quantised: QuantisedWeights
) -> None:
    attrs: dict[str, object] = {
        "strides": list(shape.strides),
        "pads": list(shape.pads),
        "dilations": list(shape.dilations),
        "group": shape.group,
    }
    if kind == "conv_transpose":
        attrs["output_padding"] = list(shape.output_padding)
    if not shape.of_rows:
        _emit(step, program, kind, attrs, codes, quantised)
        return
    source, result = row_names(step)
    for tensor, name in ((program.tensors[step.inputs[0]], source), (program.tensors[step.output], result)):
        batch, channels, length = tensor.shape
        program.tensors[name] = replace(tensor, name=name, shape=(batch, channels, 1, length))
    program.emit("reshape", step, step.inputs, source, {"shape": list(program.tensors[source].shape)})
    inner = replace(step, inputs=(source,), outputs=(result,))
    _emit(inner, program, kind, attrs, codes[:, :, None], quantised)
    program.emit("reshape", step, (result,), step.output, {"shape": list(program.tensors[step.output].shape)})


def row_names(step: Step) -> tuple[str, str]:
    """Names of the images of one row before and after a conv with one spatial axis."""
    return f"{step.output}@row_in", f"{step.output}@row_out"


def _check_batch_norm(node: Node, graph: Graph) -> None:
    for index, role in enumerate(("scale", "bias", "mean", "variance"), start=1):
        known(node, graph, index, role)
    if len(graph.shapes[node.input(0)]) != 4:
        raise Unfit("its input hasn't four axes")


def _batch_norm(step: Step, program: Lowering) -> None:
    node = step.node
    scale, bias, mean, variance = (program.constant(node.input(index)).astype(np.float64) for index in range(1, 5))
    gain = scale / np.sqrt(variance + node.attrs.get("epsilon", 1e-5))
    source, result = (program.tensors[name] for name in (step.inputs[0], step.output))
    quantised = quantise_weights(
        gain.reshape(-1, 1, 1, 1), bias - mean * gain, source, result, per_channel=program.per_channel
    )
    program.weights[step.output] = quantised
    attrs: dict[str, object] = {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "group": len(gain)}
    _emit(step, program, "conv", attrs, quantised.codes, quantised)


def _quantise(step: Step, program: Lowering, rows: Array, outputs: int) -> QuantisedWeights:
    bias_name = step.node.input(2)
    bias = program.constant(bias_name) if bias_name else np.zeros(outputs)
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    moments = program.moments.get(step.output)
    quantised = quantise_weights(rows, bias, source, result, per_channel=program.per_channel, moments=moments)
    program.weights[step.output] = quantised
    return quantised


def _emit(
    step: Step, program: Lowering, kind: str, attrs: dict[str, object], codes: Array, quantised: QuantisedWeights
) -> None:
    arrays = {
        "weight": codes,
        "bias": quantised.bias,
        "multiplier": quantised.multipliers,
        "shift": quantised.shifts,
    }
    program.emit(kind, step, step.inputs, step.output, {**attrs, **program.clamp(step)}, arrays)


PLACEMENTS = {
    "Conv": Placement(_conv, first_input, clamps=True, check=_check),
    "ConvTranspose": Placement(_conv_transpose, first_input, clamps=True, check=_check),
    "BatchNormalization": Placement(_batch_norm, first_input, clamps=True, check=_check_batch_norm),
}
