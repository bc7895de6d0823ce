"""Programs made by hand: each of one operator, with random parameters, and a small network of several."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from axpair_emulator.program import Op, Port, Program, Tensor

Array = np.ndarray[Any, Any]
Random = np.random.Generator


def one_op(
    kind: str,
    inputs: Mapping[str, Tensor],
    output: Tensor,
    attrs: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Array] | None = None,
) -> Program:
    """A program of a single operator without ports, for `Executor.run_op`."""
    arrays = dict(arrays or {})
    op = Op(kind, f"the {kind}", tuple(inputs), output.name, dict(attrs or {}), {role: role for role in arrays})
    return Program((), (), {**inputs, output.name: output}, (op,), arrays)


def tensor(random: Random, name: str, shape: tuple[int, ...], bits: int) -> Tensor:
    """A tensor with any zero point, its extremes often."""
    top = (1 << bits) - 1
    zero = int(random.choice(np.array([0, top, int(random.integers(top + 1))])))
    return Tensor(name, shape, float(np.float32(random.uniform(0.001, 0.1))), zero, bits)


def codes(random: Random, tensor: Tensor) -> Array:
    """Random codes; sometimes only the two extremes."""
    if random.random() < 0.3:
        return random.choice(np.array([0, tensor.top], tensor.dtype), tensor.shape)
    return random.integers(0, tensor.top + 1, tensor.shape).astype(tensor.dtype)


def clamps(random: Random, y: Tensor) -> dict[str, int]:
    """lo and hi: the whole range, or a part of it that holds the zero point's side."""
    if random.random() < 0.5:
        return {"lo": 0, "hi": y.top}
    lo = int(random.integers(0, y.top))
    return {"lo": lo, "hi": int(random.integers(lo, y.top + 1))}


def multiplier(random: Random, reach: float, top: int) -> tuple[int, int]:
    """m of 22 bits and s that spread an accumulator's reach over the output's range, give or take."""
    real = top / max(reach, 1.0) * 2.0 ** random.uniform(-1, 5)
    shift = min(max(22 - math.frexp(real)[1], 1), 52)
    return min(round(math.ldexp(real, shift)), (1 << 22) - 1), shift


def channel_multipliers(random: Random, reaches: Array, top: int) -> dict[str, Array]:
    """Roles multiplier and shift, one per channel; now and then a dead one."""
    pairs = [(0, 1) if random.random() < 0.1 else multiplier(random, float(reach), top) for reach in reaches]
    return {
        "multiplier": np.array([m for m, _ in pairs], np.int64),
        "shift": np.array([s for _, s in pairs], np.int64),
    }


def _weights(random: Random, shape: tuple[int, ...], wide: bool) -> Array:
    dtype = np.int16 if wide else np.int8
    top = np.iinfo(dtype).max
    if random.random() < 0.3:
        return random.choice(np.array([-top, top], dtype), shape)
    return random.integers(-top, top + 1, shape).astype(dtype)


def conv(random: Random, bits: int, wide: bool = False) -> Program:
    group = int(random.choice([1, 1, 2, 3]))
    per_in, per_out = int(random.integers(1, 4)), int(random.integers(1, 3))
    kernel = tuple(int(size) for size in random.integers(1, 4, 2))
    strides, dilations = ([int(value) for value in random.integers(1, 3, 2)] for _ in range(2))
    pads = [int(value) for value in random.integers(0, 3, 4)]
    x = tensor(random, "x", (1, group * per_in, *(int(size) for size in random.integers(5, 9, 2))), bits)
    out = [
        (x.shape[2 + axis] + pads[axis] + pads[axis + 2] - dilations[axis] * (kernel[axis] - 1) - 1) // strides[axis]
        + 1
        for axis in range(2)
    ]
    y = tensor(random, "y", (1, group * per_out, *out), bits)
    weight = _weights(random, (group * per_out, per_in, *kernel), wide)
    sums = np.abs(weight.astype(np.int64)).reshape(len(weight), -1).sum(axis=1)
    return _with_weights(random, "conv", x, y, weight, sums, group, strides, pads, dilations)


def conv_transpose(random: Random, bits: int, wide: bool = False) -> Program:
    group = int(random.choice([1, 1, 2]))
    per_in, per_out = int(random.integers(1, 4)), int(random.integers(1, 3))
    kernel = tuple(int(size) for size in random.integers(2, 4, 2))
    strides, dilations = ([int(value) for value in random.integers(1, 3, 2)] for _ in range(2))
    pads = [int(value) for value in random.integers(0, 2, 4)]
    extra = [int(random.integers(0, stride)) for stride in strides]
    x = tensor(random, "x", (1, group * per_in, *(int(size) for size in random.integers(2, 5, 2))), bits)
    out = [
        (x.shape[2 + axis] - 1) * strides[axis]
        + dilations[axis] * (kernel[axis] - 1)
        + 1
        + extra[axis]
        - pads[axis]
        - pads[axis + 2]
        for axis in range(2)
    ]
    y = tensor(random, "y", (1, group * per_out, *out), bits)
    weight = _weights(random, (group * per_in, per_out, *kernel), wide)
    sums = np.full(group * per_out, np.abs(weight.astype(np.int64)).sum())
    return _with_weights(
        random, "conv_transpose", x, y, weight, sums, group, strides, pads, dilations, {"output_padding": extra}
    )


def _with_weights(
    random: Random,
    kind: str,
    x: Tensor,
    y: Tensor,
    weight: Array,
    sums: Array,
    group: int,
    strides: list[int],
    pads: list[int],
    dilations: list[int],
    more: Mapping[str, Any] | None = None,
) -> Program:
    reaches = sums * max(x.zero_point, x.top - x.zero_point)
    bias = random.integers(-(1 << 20), 1 << 20, len(sums)).astype(np.int32)
    attrs = {"strides": strides, "pads": pads, "dilations": dilations, "group": group, **clamps(random, y)}
    arrays = {"weight": weight, "bias": bias, **channel_multipliers(random, reaches, y.top)}
    return one_op(kind, {"x": x}, y, {**attrs, **(more or {})}, arrays)


def gemm(random: Random, bits: int, wide: bool = False) -> Program:
    terms, outputs = (int(value) for value in random.integers(1, 40, 2))
    x = tensor(random, "x", (*(int(size) for size in random.integers(1, 4, 2)), terms), bits)
    y = tensor(random, "y", (*x.shape[:-1], outputs), bits)
    weight = _weights(random, (terms, outputs), wide)
    reaches = np.abs(weight.astype(np.int64)).sum(axis=0) * max(x.zero_point, x.top - x.zero_point)
    bias = random.integers(-(1 << 20), 1 << 20, outputs).astype(np.int32)
    arrays = {"weight": weight, "bias": bias, **channel_multipliers(random, reaches, y.top)}
    return one_op("gemm", {"x": x}, y, clamps(random, y), arrays)


def _scalar(random: Random, reach: int, y: Tensor) -> dict[str, int]:
    m, s = multiplier(random, float(reach), y.top)
    return {"multiplier": m, "shift": s, **clamps(random, y)}


def matmul(random: Random, bits: int, wide: bool = False) -> Program:
    rows, terms, columns, batch = (int(value) for value in random.integers(1, 6, 4))
    terms *= int(random.choice([1, 60]))
    a, b = tensor(random, "a", (batch, rows, terms), bits), tensor(random, "b", (1, terms, columns), bits)
    y = tensor(random, "y", (batch, rows, columns), bits)
    return one_op("matmul", {"a": a, "b": b}, y, _scalar(random, terms * (1 << (2 * bits - 2)), y))


def mul(random: Random, bits: int, wide: bool = False) -> Program:
    a, b = tensor(random, "a", (2, 3, 4, 5), bits), tensor(random, "b", (3, 1, 5), bits)
    y = tensor(random, "y", (2, 3, 4, 5), bits)
    return one_op("mul", {"a": a, "b": b}, y, _scalar(random, 1 << (2 * bits - 2), y))


def add(random: Random, bits: int, wide: bool = False) -> Program:
    a, b = tensor(random, "a", (1, 3, 6, 7), bits), tensor(random, "b", (2, 3, 1, 7), bits)
    y = tensor(random, "y", (2, 3, 6, 7), bits)
    shift = int(random.integers(1, 22))
    multipliers = [round(random.uniform(-2, 2) * (1 << shift)) for _ in range(2)]
    return one_op("add", {"a": a, "b": b}, y, {"multipliers": multipliers, "shift": shift, **clamps(random, y)})


def lut(random: Random, bits: int, wide: bool = False) -> Program:
    x, y = tensor(random, "x", (2, 3, 5), bits), tensor(random, "y", (2, 3, 5), bits)
    table = random.integers(0, y.top + 1, 1 << bits).astype(y.dtype)
    return one_op("lut", {"x": x}, y, {}, {"table": table})


def channel_lut(random: Random, bits: int, wide: bool = False) -> Program:
    x, y = tensor(random, "x", (2, 3, 4, 5), 8), tensor(random, "y", (2, 3, 4, 5), bits)
    return one_op("channel_lut", {"x": x}, y, {}, {"table": random.integers(0, y.top + 1, (3, 256)).astype(y.dtype)})


def _bytes(name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, 1.0, 0, 8)


def yuv_planes(random: Random, bits: int, wide: bool = False) -> Program:
    height, width = (2 * int(half) for half in random.integers(1, 5, 2))
    x, y = _bytes("x", 2, 1, height * 3 // 2, width), _bytes("y", 2, 3, height, width)
    return one_op("yuv_planes", {"x": x}, y, {"v_first": int(random.integers(0, 2))})


def color_matrix(random: Random, bits: int, wide: bool = False) -> Program:
    made, given, shift = int(random.integers(1, 4)), int(random.integers(1, 5)), int(random.integers(1, 15))
    matrix = [round(value) for value in random.normal(0, 0.7, made * given) * (1 << shift)]
    offsets = [int(value) for value in random.integers(-(1 << shift + 7), 1 << shift + 7, made)]
    attrs = {"matrix": matrix, "offsets": offsets, "shift": shift}
    return one_op("color_matrix", {"x": _bytes("x", 2, given, 4, 5)}, _bytes("y", 2, made, 4, 5), attrs)


def concat(random: Random, bits: int, wide: bool = False) -> Program:
    inputs = {name: tensor(random, name, (2, size, 3), bits) for name, size in (("a", 1), ("b", 4), ("c", 2))}
    y = tensor(random, "y", (2, 7, 3), bits)
    tables = {f"table_{index}": random.integers(0, y.top + 1, 1 << bits).astype(y.dtype) for index in range(3)}
    return one_op("concat", inputs, y, {"axis": 1}, tables)


def mean(random: Random, bits: int, wide: bool = False) -> Program:
    axes, keepdims = [[2, 3], [1], [0, 3]][int(random.integers(3))], bool(random.random() < 0.5)
    x = tensor(random, "x", (2, 3, 5, 4), bits)
    count = math.prod(x.shape[axis] for axis in axes)
    kept = tuple(1 if axis in axes else length for axis, length in enumerate(x.shape))
    y = tensor(random, "y", kept if keepdims else tuple(x.shape[k] for k in range(4) if k not in axes), bits)
    return one_op("mean", {"x": x}, y, {"axes": axes, "keepdims": keepdims, **_scalar(random, count << bits, y)})


def div(random: Random, bits: int, wide: bool = False) -> Program:
    a, b = tensor(random, "a", (2, 3, 5), bits), tensor(random, "b", (3, 1), bits)
    y = tensor(random, "y", (2, 3, 5), bits)
    m, s = multiplier(random, 1 << int(random.integers(0, bits)), y.top)
    return one_op("div", {"a": a, "b": b}, y, {"multiplier": m, "shift": min(s, 44), **clamps(random, y)})


def _pool(random: Random, bits: int) -> tuple[Tensor, Tensor, dict[str, list[int]]]:
    kernel, strides = [[int(value) for value in random.integers(*ends, 2)] for ends in ((2, 4), (1, 3))]
    pads = [int(random.integers(0, kernel[axis % 2])) for axis in range(4)]
    x = tensor(random, "x", (1, 2, *(int(size) for size in random.integers(6, 9, 2))), bits)
    out = [(x.shape[2 + axis] + pads[axis] + pads[axis + 2] - kernel[axis]) // strides[axis] + 1 for axis in range(2)]
    return x, tensor(random, "y", (1, 2, *out), bits), {"kernel": kernel, "strides": strides, "pads": pads}


def max_pool(random: Random, bits: int, wide: bool = False) -> Program:
    x, y, window = _pool(random, bits)
    return one_op("max_pool", {"x": x}, y, {**window, "dilations": [1, 1]})


def average_pool(random: Random, bits: int, wide: bool = False) -> Program:
    x, y, window = _pool(random, bits)
    if random.random() < 0.5:  # a divisor for each place
        places = np.full(math.prod(y.shape[2:]), 9 << bits)
        return one_op(
            "average_pool", {"x": x}, y, {**window, **clamps(random, y)}, channel_multipliers(random, places, y.top)
        )
    return one_op("average_pool", {"x": x}, y, {**window, **_scalar(random, 9 << bits, y)})


def softmax(random: Random, bits: int, wide: bool = False) -> Program:
    axis = int(random.integers(0, 3))
    x, y = tensor(random, "x", (3, 4, 5), bits), Tensor("y", (3, 4, 5), 2.0**-bits, int(random.integers(0, 9)), bits)
    one = 1 << (24 if bits == 8 else 30)
    table = np.sort(random.integers(0, one, 1 << bits))[::-1].astype(np.int64)
    table[0] = one
    m, s = multiplier(random, 1.0, y.top)
    return one_op("softmax", {"x": x}, y, {"axis": axis, "multiplier": m >> 2, "shift": s - 2}, {"table": table})


def resize_nearest(random: Random, bits: int, wide: bool = False) -> Program:
    factors = [int(value) for value in random.integers(1, 4, 2)]
    x = tensor(random, "x", (1, 2, 3, 4), bits)
    y = Tensor("y", (1, 2, 3 * factors[0], 4 * factors[1]), x.scale, x.zero_point, bits)
    return one_op("resize_nearest", {"x": x}, y, {"factors": factors})


def moved(random: Random, bits: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    x = tensor(random, "x", (2, 3, 4, 5), bits)
    return x, Tensor("y", shape, x.scale, x.zero_point, bits)


def reshape(random: Random, bits: int, wide: bool = False) -> Program:
    x, y = moved(random, bits, (6, 20))
    return one_op("reshape", {"x": x}, y, {"shape": [6, 20]})


def transpose(random: Random, bits: int, wide: bool = False) -> Program:
    perm = [int(axis) for axis in random.permutation(4)]
    x, y = moved(random, bits, tuple((2, 3, 4, 5)[axis] for axis in perm))
    return one_op("transpose", {"x": x}, y, {"perm": perm})


def slice_(random: Random, bits: int, wide: bool = False) -> Program:
    x, y = moved(random, bits, (2, 3, 2, 2))
    attrs = {"starts": [2, -1, 1], "ends": [-4, 0, 5], "axes": [1, 2, 3], "steps": [-1, -2, 2]}
    return one_op("slice", {"x": x}, y, attrs)


def pad(random: Random, bits: int, wide: bool = False) -> Program:
    pads = [int(value) for value in random.integers(0, 3, 8)]
    reflect = int(random.integers(0, 2))
    if reflect:  # an axis of two mirrors one element
        pads[0] = pads[4] = 1
    x, y = moved(random, bits, tuple((2, 3, 4, 5)[k] + pads[k] + pads[k + 4] for k in range(4)))
    if reflect:
        return one_op("pad", {"x": x}, y, {"pads": pads, "value": 0, "reflect": 1})
    return one_op("pad", {"x": x}, y, {"pads": pads, "value": int(random.integers(0, x.top + 1))})


KINDS: Mapping[str, Callable[..., Program]] = {
    function.__name__.rstrip("_"): function
    for function in (
        *(add, average_pool, channel_lut, color_matrix, concat, conv, conv_transpose, div, gemm, lut, matmul, max_pool),
        *(mean, mul, pad, reshape, resize_nearest, slice_, softmax, transpose, yuv_planes),
    )
}
"""Kind to a function of (random, bits, wide): `wide` asks for int16 weights where there are weights."""


def network(seed: int = 5, size: int = 24) -> Program:
    """A small whole network: bytes in, NHWC; two float outputs, one of them NHWC with 4 axes.

    channel_lut, conv, depthwise conv, add, max_pool, conv (head, NHWC), mean, gemm (scores).
    """
    random = np.random.default_rng(seed)
    half = size // 2
    tensors = {
        name: Tensor(name, shape, scale, zero)
        for name, shape, scale, zero in (
            ("bytes", (1, 3, size, size), 1.0, 0),
            ("x", (1, 3, size, size), 0.02, 110),
            ("first", (1, 16, size, size), 0.05, 0),
            ("deep", (1, 16, size, size), 0.04, 120),
            ("sum", (1, 16, size, size), 0.07, 90),
            ("pooled", (1, 16, half, half), 0.07, 90),
            ("head", (1, 4, half, half), 0.125, 128),
            ("average", (1, 16), 0.05, 100),
            ("scores", (1, 5), 0.0625, 130),
        )
    }
    arrays: dict[str, Array] = {"normalise": random.permuted(np.tile(np.arange(256, dtype=np.uint8), (3, 1)), axis=1)}
    arrays["normalise"].sort(axis=1)
    window = {"strides": [1, 1], "pads": [1, 1, 1, 1], "dilations": [1, 1]}
    everything = {"lo": 0, "hi": 255}

    def weighted(name: str, x: str, y: str, shape: tuple[int, ...], attrs: Mapping[str, Any]) -> Op:
        weight = np.clip(np.rint(random.normal(0, 40, shape)), -127, 127).astype(np.int8)
        outputs = shape[1] if len(shape) == 2 else shape[0]
        fan = weight.size // outputs
        real = tensors[y].top / (fan**0.5 * 40 * 60 * 4)
        pairs = [multiplier_of(real * random.uniform(0.7, 1.4)) for _ in range(outputs)]
        arrays[f"{name}.weight"] = weight
        arrays[f"{name}.bias"] = random.integers(-5000, 5000, outputs).astype(np.int32)
        arrays[f"{name}.multiplier"] = np.array([m for m, _ in pairs], np.int64)
        arrays[f"{name}.shift"] = np.array([s for _, s in pairs], np.int64)
        roles = {role: f"{name}.{role}" for role in ("weight", "bias", "multiplier", "shift")}
        return Op("gemm" if len(shape) == 2 else "conv", name, (x,), y, {**attrs, **everything}, roles)

    m, s = multiplier_of(0.07 / 0.05 / half**2)
    pool = {"kernel": [2, 2], "strides": [2, 2], "pads": [0, 0, 0, 0], "dilations": [1, 1]}
    average = {"axes": [2, 3], "keepdims": False, "multiplier": m, "shift": s, **everything}
    ops = (
        Op("channel_lut", "normalise", ("bytes",), "x", {}, {"table": "normalise"}),
        weighted("conv1", "x", "first", (16, 3, 3, 3), {**window, "group": 1}),
        weighted("conv2", "first", "deep", (16, 1, 3, 3), {**window, "group": 16}),
        Op("add", "add3", ("first", "deep"), "sum", {"multipliers": [2926, 2341], "shift": 12, **everything}),
        Op("max_pool", "pool4", ("sum",), "pooled", pool),
        weighted("conv5", "pooled", "head", (4, 16, 1, 1), {**window, "pads": [0, 0, 0, 0], "group": 1}),
        Op("mean", "mean6", ("pooled",), "average", average),
        weighted("gemm7", "average", "scores", (16, 5), {}),
    )
    return Program(
        inputs=(Port("image", "bytes", "uint8", (1, size, size, 3), "NHWC", "BGR"),),
        outputs=(
            Port("boxes/map:0", "head", "float32", (1, half, half, 4), "NHWC"),
            Port("scores", "scores", "float32", (1, 5), ""),
        ),
        tensors=tensors,
        ops=ops,
        arrays=arrays,
        tools_version="0.6.1.14",
    )


def multiplier_of(real: float) -> tuple[int, int]:
    """m of 22 bits and s for a real multiplier."""
    shift = 22 - math.frexp(real)[1]
    return round(math.ldexp(real, shift)), shift
