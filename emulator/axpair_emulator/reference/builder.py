"""Rebuilds the program in float: each step's original nodes between quantised tensors, with the integer weights."""

from __future__ import annotations

import numpy as np
import onnx

from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.graph.view import Graph
from axpair_emulator.plan.compiler import Compiled, constant_name
from axpair_emulator.plan.convs import row_names
from axpair_emulator.plan.step import LOOKUP, Step, raw_name
from axpair_emulator.program import Program
from axpair_emulator.quantize.weights import QuantisedWeights
from axpair_emulator.reference.cpu_nodes import add_cpu_nodes
from axpair_emulator.reference.graph_parts import Array, GraphParts, float_name, values_name
from axpair_emulator.reference.inputs import add_input


def build_reference(graph: Graph, steps: tuple[Step, ...], compiled: Compiled, config: BuildConfig) -> onnx.ModelProto:
    """The quantised float model. Inputs are the ports' raw tensors in NCHW order; outputs are real values.

    Codes of any program tensor stand under `codes_name`.
    """
    program = compiled.program
    parts = GraphParts()
    for conf in config.inputs:
        if conf.name in program.tensors:
            add_input(parts, conf, program)
    for step in steps:
        _add_step(parts, step, graph, compiled)
    for op in program.ops:
        if op.kind == "reshape" and op.inputs[0] == constant_name(op.output):
            value = parts.constant(program.tensors[op.inputs[0]], program.arrays[op.inputs[0]])
            parts.quantise(program.tensors[op.output], value)
    for op in program.ops:  # layout changes of outputs have no node in the model
        if op.kind == "transpose" and not op.sources and op.output not in _made(config):
            moved = parts.add("Transpose", [values_name(op.inputs[0])], float_name(op.output), perm=op.attrs["perm"])
            parts.quantise(program.tensors[op.output], moved)
    if program.cpu:
        add_cpu_nodes(parts, program.cpu)
    inputs = [(raw_name(conf.name), conf.dst_dtype, conf.joint_planes_shape) for conf in config.inputs]
    return parts.model(inputs, [values_name(port.tensor) for port in program.outputs])


def _made(config: BuildConfig) -> set[str]:
    return {conf.name for conf in config.inputs}


def _add_step(parts: GraphParts, step: Step, graph: Graph, compiled: Compiled) -> None:
    names: dict[str, str] = {}
    for name in step.inputs:
        if name in graph.constants and name in compiled.program.arrays:
            parts.constant(compiled.program.tensors[name], compiled.program.arrays[name])
        names[name] = values_name(name) if step.kind != LOOKUP else _whole_numbers(parts, name)
    nodes = list(step.nodes)
    weights = compiled.weights.get(step.output)
    if weights is not None:
        _add_weighted(parts, step, weights, names, graph, compiled.program)
        nodes = nodes[1:]
    for node in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node.proto)
        copy.name = ""
        for index, name in enumerate(node.inputs):
            if name and name not in names:
                names[name] = parts.initializer(f"constant/{name}", graph.constants[name])
            copy.input[index] = names.get(name, "")
        for index, name in enumerate(node.outputs):
            # A chain may be repeated from its root for a later tensor, so its inner names carry the step's.
            names[name] = float_name(name) if name in step.outputs else f"inside/{step.output}/{name}"
            copy.output[index] = names[name] if name else ""
        parts.nodes.append(copy)
    for name in step.outputs:
        if name in compiled.program.tensors:
            real = parts.quantise(compiled.program.tensors[name], names[name])
            rows = compiled.program.tensors.get(row_names(step)[1])
            if rows:  # the conv's own output, before the step's reshape
                parts.quantise(rows, parts.reshape(real, rows))


def _whole_numbers(parts: GraphParts, name: str) -> str:
    """An input of ids in the type that Gather takes; several tables may be read by it."""
    return parts.add_once("Cast", [raw_name(name)], f"ids/{name}", to=onnx.TensorProto.INT64)


def _add_weighted(
    parts: GraphParts,
    step: Step,
    weights: QuantisedWeights,
    names: dict[str, str],
    graph: Graph,
    program: Program,
) -> None:
    """The step's first node with its weights and bias dequantised from the program's integers."""
    in_rows = (op for op in program.ops if op.output == row_names(step)[1])
    op = next(in_rows, None) or next(op for op in program.ops if op.output == step.output)
    codes = program.arrays[op.arrays["weight"]]
    node = step.node
    inner = float_name(step.output) if len(step.nodes) == 1 else f"inside/{step.output}/{node.outputs[0]}"
    scales = parts.initializer(f"weight_scale/{step.output}", weights.scales)
    bias_scale = weights.scales * np.float32(program.tensors[step.inputs[0]].scale)
    bias = parts.add(
        "DequantizeLinear",
        [
            parts.initializer(f"bias_codes/{step.output}", weights.bias),
            parts.initializer(f"bias_scale/{step.output}", bias_scale.astype(np.float32)),
        ],
        f"bias/{step.output}",
        axis=0,
    )
    coded = parts.initializer(f"weight_codes/{step.output}", codes)
    source = names[step.inputs[0]]
    names[node.outputs[0]] = inner
    weight = f"weight/{step.output}"
    if op.kind == "gemm":
        parts.add("DequantizeLinear", [coded, scales], weight, axis=1)
        product = parts.add("MatMul", [source, weight], f"product/{step.output}")
        parts.add("Add", [product, bias], inner)
        return
    attrs = {key: op.attrs[key] for key in ("strides", "pads", "dilations", "group")}
    of_rows = op.output != step.output
    if of_rows:
        row = program.tensors[op.inputs[0]]
        source = parts.quantise(row, parts.reshape(source, row))
    made = f"rows/{step.output}" if of_rows else inner
    if op.kind == "conv":
        parts.add("DequantizeLinear", [coded, scales], weight, axis=0)
        parts.add("Conv", [source, weight, bias], made, **attrs)
    else:
        _add_transposed(parts, weight, (coded, scales), weights, codes, attrs["group"])
        attrs["output_padding"] = op.attrs["output_padding"]
        parts.add("ConvTranspose", [source, weight, bias], made, **attrs)
    if of_rows:
        parts.reshape(made, program.tensors[step.output], inner)


def _add_transposed(
    parts: GraphParts, weight: str, stored: tuple[str, str], weights: QuantisedWeights, codes: Array, group: int
) -> None:
    """The real weights of a transposed convolution, whose output channels run over groups and the second axis."""
    if group == 1:
        parts.add("DequantizeLinear", list(stored), weight, axis=1)
    else:  # the scales run over groups and channels: no single axis
        per_group = codes.shape[1]
        spread = np.repeat(weights.scales.reshape(group, 1, per_group), codes.shape[0] // group, axis=1)
        real = codes.astype(np.float32) * spread.reshape(codes.shape[0], per_group, 1, 1)
        parts.initializer(weight, real)
