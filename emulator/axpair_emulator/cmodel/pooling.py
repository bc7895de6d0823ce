"""max_pool, average_pool and mean, tap by tap on whole numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from axpair_emulator.cmodel.bounds import FLOAT32, reach
from axpair_emulator.cmodel.finish import Finish
from axpair_emulator.cmodel.planes import wide
from axpair_emulator.cmodel.requant import Requantizer, rule_of
from axpair_emulator.cmodel.session import Fragment, Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site


def max_pool(site: Site) -> Kernel:
    """Prepare kind "max_pool". Padding never wins: it stands as code 0, the least there is."""
    kernel, strides = site.numbers("kernel"), site.numbers("strides")
    pads, dilations = site.numbers("pads"), site.numbers("dilations")
    out = site.y.shape[2:]

    def run(operands: Sequence[Array]) -> Array:
        (x,) = operands
        padded = _padded(x, 0, kernel, strides, pads, dilations, out)
        codes: Array | None = None
        for window in _windows(padded, kernel, strides, dilations, out):
            codes = window.copy() if codes is None else np.maximum(codes, window, out=codes)
        assert codes is not None
        return codes

    return run


def max_pool_fragment(site: Site) -> Fragment | None:
    """Kind "max_pool" as part of a graph; None at 16 bits and for windows that ONNX wouldn't place so."""
    kernel, strides, pads = site.numbers("kernel"), site.numbers("strides"), site.numbers("pads")
    axes, zero = len(kernel), site.x.zero_point
    ends = [site.x.shape[2 + axis] + pads[axis] + pads[axis + axes] - kernel[axis] for axis in range(axes)]
    placed = all(site.y.shape[2 + axis] == ends[axis] // strides[axis] + 1 for axis in range(axes))
    inside = all(0 <= pad < size for pad, size in zip(pads, kernel * 2, strict=True))
    if site.x.bits != 8 or not placed or not inside or any(step != 1 for step in site.numbers("dilations")):
        return None
    sizes = {"kernel_shape": list(kernel), "strides": list(strides), "pads": list(pads)}

    def add(graph: Graph, operands: Sequence[str]) -> str:
        # In float32, which the runtime is quick at; the largest code stays a whole number.
        most = graph.node("MaxPool", [graph.centred(operands[0], zero)], **sizes)
        return graph.quantised(most, np.asarray(1.0), zero)

    return add


def average_pool(site: Site) -> Kernel:
    """Prepare kind "average_pool"; padding counts as real 0, so it stands as the zero point."""
    kernel, strides, pads = site.numbers("kernel"), site.numbers("strides"), site.numbers("pads")
    ones = (1,) * len(kernel)
    out, zero = site.y.shape[2:], site.x.zero_point
    taps = math.prod(kernel)
    rule, each = rule_of(site), "multiplier" in site.op.arrays
    requantizer = Requantizer(rule, np.full(len(rule), taps * reach(site.x), np.int64), site.y)

    def run(operands: Sequence[Array]) -> Array:
        (x,) = operands
        padded = _padded(x, zero, kernel, strides, pads, ones, out)
        acc = np.full((*x.shape[:2], *out), -taps * zero, np.int64)
        for window in _windows(padded, kernel, strides, ones, out):
            acc += window
        if not each:
            return requantizer.scalar(acc)
        codes: Array = requantizer(acc.reshape(-1, math.prod(out), 1)).reshape(acc.shape)
        return codes

    return run


def mean(site: Site) -> Kernel:
    """Prepare kind "mean"."""
    axes, keepdims = site.numbers("axes"), bool(site.number("keepdims"))
    taps = math.prod(site.x.shape[axis] for axis in axes)
    zero = site.x.zero_point
    requantizer = Requantizer(rule_of(site), np.array([taps * reach(site.x)], np.int64), site.y)

    def run(operands: Sequence[Array]) -> Array:
        acc = operands[0].sum(axis=axes, dtype=np.int64, keepdims=keepdims) - taps * zero
        return requantizer.scalar(np.asarray(acc))

    return run


def mean_fragment(site: Site) -> Fragment | None:
    """Kind "mean" as part of a graph."""
    axes, keepdims = np.array(site.numbers("axes"), np.int64), site.number("keepdims")
    bounds = np.array([math.prod(site.x.shape[axis] for axis in axes) * reach(site.x)], np.int64)
    narrow = site.x.bits == 8 and bounds[0] < FLOAT32
    finish = Finish(rule_of(site), bounds, site.y, wide=not narrow)
    if not finish.possible:
        return None

    def add(graph: Graph, operands: Sequence[str]) -> str:
        (x,) = operands
        centred = graph.centred(x, site.x.zero_point) if narrow else wide(graph, x, site.x)
        return finish(graph, [graph.node("ReduceSum", [centred, graph.constant(axes)], keepdims=keepdims)])

    return add


def _padded(
    x: Array,
    value: int,
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    out: Sequence[int],
) -> Array:
    """The input with its padding, long enough for every window (an output rounded up reads beyond the pads)."""
    axes = len(kernel)
    widths = [(0, 0), (0, 0)]
    for axis in range(axes):
        needed = (out[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1
        after = max(pads[axis + axes], needed - x.shape[2 + axis] - pads[axis])
        widths.append((pads[axis], after))
    return np.pad(x, widths, constant_values=value) if any(map(any, widths)) else x


def _windows(
    padded: Array, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], out: Sequence[int]
) -> Iterator[Array]:
    """For each tap of the kernel, the elements that it sees, as a view of the output's shape."""
    for tap in np.ndindex(*kernel):
        starts = [position * dilation for position, dilation in zip(tap, dilations, strict=True)]
        steps = (
            slice(start, start + (size - 1) * stride + 1, stride)
            for start, size, stride in zip(starts, out, strides, strict=True)
        )
        seen: tuple[Any, ...] = (..., *steps)
        yield padded[seen]
