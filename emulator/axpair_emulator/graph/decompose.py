"""Takes compound operators apart into those that the NPU has; ONNX defines them by just these parts.

A part is named after its node, with "@" and what it does; the last one keeps the node's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx

from axpair_emulator.graph.parts import Parts, Shapes


def decomposed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every node replaced that has a rule here and a known shape; the same model where there is none."""
    if not any(node.op_type in RULES and node.domain in ("", "ai.onnx") for node in model.graph.node):
        return model
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    shapes = Shapes(result)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        parts = Parts(node, shapes)
        if node.domain in ("", "ai.onnx") and node.op_type in RULES and RULES[node.op_type](parts):
            nodes.extend(parts.nodes)
            graph.initializer.extend(parts.constants)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    return result


def _layer_normalization(parts: Parts) -> bool:
    shape = parts.shape(0)
    if shape is None or any(parts.node.output[1:]):
        return False
    axis = int(parts.attrs.get("axis", -1)) % len(shape)
    result = _normalised(parts, parts.input(0), list(range(axis, len(shape))))
    scaled = parts.add("Mul", [result, parts.input(1)], "scale", last=not parts.input(2))
    if parts.input(2):
        parts.add("Add", [scaled, parts.input(2)], "bias", last=True)
    return True


def _instance_normalization(parts: Parts) -> bool:
    shape = parts.shape(0)
    if shape is None:
        return False
    result = _normalised(parts, parts.input(0), list(range(2, len(shape))))
    _by_channel(parts, result, (1, -1, *(1,) * (len(shape) - 2)))
    return True


def _group_normalization(parts: Parts) -> bool:
    shape = parts.shape(0)
    if shape is None:
        return False
    groups = int(parts.attrs["num_groups"])
    split = parts.reshape(parts.input(0), (shape[0], groups, -1), "split")
    result = parts.reshape(_normalised(parts, split, [2]), shape, "join")
    _by_channel(parts, result, (1, -1, *(1,) * (len(shape) - 2)))
    return True


def _by_channel(parts: Parts, source: str, shape: tuple[int, ...]) -> None:
    """Times the node's second input, plus its third, each laid along the channels."""
    scale, bias = (parts.reshape(parts.input(index), shape, role) for index, role in ((1, "gains"), (2, "biases")))
    parts.add("Add", [parts.add("Mul", [source, scale], "scale"), bias], "bias", last=True)


def _mean_variance(parts: Parts) -> bool:
    axes = [int(axis) for axis in parts.attrs.get("axes", [0, 2, 3])]
    _normalised(parts, parts.input(0), axes, epsilon=0.0, last=True)
    return True


def _normalised(parts: Parts, source: str, axes: list[int], *, epsilon: float | None = None, last: bool = False) -> str:
    """(x - mean) / sqrt(variance + epsilon) over the axes."""
    mean = parts.reduce("ReduceMean", source, axes, "mean")
    centred = parts.add("Sub", [source, mean], "centre")
    variance = parts.reduce("ReduceMean", parts.add("Mul", [centred, centred], "square"), axes, "variance")
    least = parts.attrs.get("epsilon", 1e-5) if epsilon is None else epsilon
    safe = parts.add("Add", [variance, parts.number(least)], "epsilon")
    return parts.add("Div", [centred, parts.add("Sqrt", [safe], "deviation")], "normalize", last=last)


def _depth_to_space(parts: Parts) -> bool:
    shape = parts.shape(0)
    if shape is None or len(shape) != 4:
        return False
    n, channels, height, width = shape
    block = int(parts.attrs["blocksize"])
    depth = channels // block**2
    columns_first = parts.attrs.get("mode", b"DCR") == b"DCR"
    split = (n, block, block, depth, height, width) if columns_first else (n, depth, block, block, height, width)
    perm = [0, 3, 4, 1, 5, 2] if columns_first else [0, 1, 4, 2, 5, 3]
    turned = parts.add("Transpose", [parts.reshape(parts.input(0), split, "split")], "turn", perm=perm)
    parts.reshape(turned, (n, depth, height * block, width * block), "join", last=True)
    return True


def _space_to_depth(parts: Parts) -> bool:
    shape = parts.shape(0)
    if shape is None or len(shape) != 4:
        return False
    n, channels, height, width = shape
    block = int(parts.attrs["blocksize"])
    split = parts.reshape(parts.input(0), (n, channels, height // block, block, width // block, block), "split")
    turned = parts.add("Transpose", [split], "turn", perm=[0, 3, 5, 1, 2, 4])
    parts.reshape(turned, (n, channels * block**2, height // block, width // block), "join", last=True)
    return True


def _gemm(parts: Parts) -> bool:
    """Where the NPU's own Gemm doesn't do: two activations, transA, or a bias that differs by row."""
    weight, bias = parts.constant(1), parts.constant(2)
    if weight is not None and weight.ndim != 2:
        return False
    outputs = None if weight is None else weight.shape[0 if parts.attrs.get("transB", 0) else 1]
    plain = not parts.input(2) or (bias is not None and bias.size in (1, outputs))
    if weight is not None and plain and not parts.attrs.get("transA", 0):
        return False
    factors = [parts.input(0), parts.input(1)]
    for index, name in enumerate(("transA", "transB")):
        if parts.attrs.get(name, 0):
            factors[index] = parts.add("Transpose", factors[index : index + 1], name, perm=[1, 0])
    alpha, beta = (float(parts.attrs.get(name, 1.0)) for name in ("alpha", "beta"))
    result = parts.add("MatMul", factors, "product", last=alpha == 1.0 and not parts.input(2))
    if alpha != 1.0:
        result = parts.add("Mul", [result, parts.number(alpha)], "alpha", last=not parts.input(2))
    if parts.input(2):
        term = parts.input(2)
        if beta != 1.0:
            term = parts.add("Mul", [term, parts.number(beta)], "beta")
        parts.add("Add", [result, term], "bias", last=True)
    return True


def _batch_normalization(parts: Parts) -> bool:
    """Over other than four axes: one factor and one term for each channel."""
    shape = parts.shape(0)
    known = [parts.constant(index) for index in range(1, 5)]
    if shape is None or len(shape) == 4 or any(parts.node.output[1:]):
        return False
    if any(array is None for array in known):
        return False
    scale, bias, mean, variance = (np.asarray(array, np.float64) for array in known)
    gain = scale / np.sqrt(variance + parts.attrs.get("epsilon", 1e-5))
    lengths = (-1, *(1,) * (len(shape) - 2))
    factors, terms = (
        parts.tensor(values.astype(np.float32).reshape(lengths), role)
        for values, role in ((gain, "gains"), (bias - mean * gain, "biases"))
    )
    parts.add("Add", [parts.add("Mul", [parts.input(0), factors], "scale"), terms], "bias", last=True)
    return True


def _pool_of_rows(parts: Parts) -> bool:
    """A pool with one spatial axis, over images of one row."""
    kernel = parts.attrs["kernel_shape"]
    if len(kernel) != 1 or len(parts.node.output) > 1:
        return False
    attrs: dict[str, Any] = {**parts.attrs, "kernel_shape": [1, *kernel]}
    for name in ("strides", "dilations"):
        if name in attrs:
            attrs[name] = [1, *attrs[name]]
    if "pads" in attrs:
        attrs["pads"] = [0, attrs["pads"][0], 0, attrs["pads"][1]]
    axis = parts.tensor(np.array([2], np.int64), "axis")
    pooled = parts.add(parts.node.op_type, [parts.add("Unsqueeze", [parts.input(0), axis], "row")], "pool", **attrs)
    parts.add("Squeeze", [pooled, axis], "flat", last=True)
    return True


def _expand(parts: Parts) -> bool:
    """New axes first, so that the rest only repeats."""
    before, after = parts.shape(0), parts.shape_of(parts.node.output[0])
    if before is None or after is None or len(before) == len(after):
        return False
    wide = parts.reshape(parts.input(0), (*(1,) * (len(after) - len(before)), *before), "axes")
    parts.add("Expand", [wide, parts.input(1)], "repeat", last=True)
    return True


def _sum(parts: Parts) -> bool:
    total, *rest = parts.node.input
    for index, name in enumerate(rest):
        total = parts.add("Add", [total, name], f"sum{index}", last=index == len(rest) - 1)
    if not rest:
        parts.add("Identity", [total], "same", last=True)
    return True


def _mean(parts: Parts) -> bool:
    total, *rest = parts.node.input
    for index, name in enumerate(rest):
        total = parts.add("Add", [total, name], f"sum{index}")
    parts.add("Mul", [total, parts.number(1 / (len(rest) + 1))], "mean", last=True)
    return True


def _log_softmax(parts: Parts) -> bool:
    axes = [int(parts.attrs.get("axis", -1))]
    lowered = parts.add("Sub", [parts.input(0), parts.reduce("ReduceMax", parts.input(0), axes, "max")], "lower")
    total = parts.reduce("ReduceSum", parts.add("Exp", [lowered], "exp"), axes, "sum")
    parts.add("Sub", [lowered, parts.add("Log", [total], "log")], "result", last=True)
    return True


def _reduction(first: str, reduce: str, then: str) -> Callable[[Parts], bool]:
    """A reduction of some function of the input ("" = of itself), and a function of the result."""

    def rule(parts: Parts) -> bool:
        source = parts.input(0)
        if first == "Square":
            source = parts.add("Mul", [source, source], "square")
        elif first:
            source = parts.add(first, [source], first.lower())
        inputs = [source, *parts.node.input[1:]]
        reduced = parts.add(reduce, inputs, "reduce", last=not then, **parts.attrs)
        if then:
            parts.add(then, [reduced], then.lower(), last=True)
        return True

    return rule


RULES: Mapping[str, Callable[[Parts], bool]] = {
    "AveragePool": _pool_of_rows,
    "BatchNormalization": _batch_normalization,
    "DepthToSpace": _depth_to_space,
    "Expand": _expand,
    "Gemm": _gemm,
    "GroupNormalization": _group_normalization,
    "InstanceNormalization": _instance_normalization,
    "LayerNormalization": _layer_normalization,
    "LogSoftmax": _log_softmax,
    "MaxPool": _pool_of_rows,
    "Mean": _mean,
    "MeanVarianceNormalization": _mean_variance,
    "ReduceL1": _reduction("Abs", "ReduceSum", ""),
    "ReduceL2": _reduction("Square", "ReduceSum", "Sqrt"),
    "ReduceLogSum": _reduction("", "ReduceSum", "Log"),
    "ReduceSumSquare": _reduction("Square", "ReduceSum", ""),
    "SpaceToDepth": _space_to_depth,
    "Sum": _sum,
}
"""By operator type; False leaves the node as it is."""
