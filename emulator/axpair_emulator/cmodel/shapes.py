"""Operators that only move codes: reshape, transpose, slice, pad and resize_nearest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.session import Fragment, Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site


def reshape(site: Site) -> Kernel:
    """Prepare kind "reshape"."""
    shape = site.y.shape
    return lambda operands: np.ascontiguousarray(operands[0]).reshape(shape)


def transpose(site: Site) -> Kernel:
    """Prepare kind "transpose"."""
    order = site.numbers("perm")
    return lambda operands: np.ascontiguousarray(operands[0].transpose(order))


def slice_(site: Site) -> Kernel:
    """Prepare kind "slice": ONNX's starts, ends, axes and steps."""
    starts, ends = site.numbers("starts"), site.numbers("ends")
    axes, steps = site.numbers("axes"), site.numbers("steps")
    where = [slice(None)] * len(site.x.shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        length = site.x.shape[axis]
        # ONNX ends a backward slice at "before the first" with a number below -length.
        stop = None if step < 0 and end < -length else end
        where[axis] = slice(start, stop, step)
    return lambda operands: np.ascontiguousarray(operands[0][tuple(where)])


def pad(site: Site) -> Kernel:
    """Prepare kind "pad": ONNX's pads, with a code for value; negative pads cut."""
    pads, value = site.numbers("pads"), site.number("value")
    axes = len(site.x.shape)
    if site.op.attrs.get("reflect"):
        around = list(zip(pads[:axes], pads[axes:], strict=True))
        return lambda operands: np.pad(operands[0], around, mode="reflect")
    widths = [(max(pads[axis], 0), max(pads[axis + axes], 0)) for axis in range(axes)]
    inside = tuple(slice(max(-pads[axis], 0), site.x.shape[axis] - max(-pads[axis + axes], 0)) for axis in range(axes))
    return lambda operands: np.pad(operands[0][inside], widths, constant_values=value)


def resize_nearest(site: Site) -> Kernel:
    """Prepare kind "resize_nearest": each code is repeated a whole number of times along the last two axes."""
    down, right = site.numbers("factors")
    shape, dtype = site.y.shape, site.y.dtype

    def run(operands: Sequence[Array]) -> Array:
        codes = np.empty(shape, dtype)
        for row in range(down):
            for column in range(right):
                codes[:, :, row::down, column::right] = operands[0]
        return codes

    return run


def reshape_fragment(site: Site) -> Fragment:
    """Kind "reshape" as part of a graph."""
    return lambda graph, operands: graph.reshaped(operands[0], site.y.shape)


def transpose_fragment(site: Site) -> Fragment:
    """Kind "transpose" as part of a graph."""
    return lambda graph, operands: graph.node("Transpose", operands, perm=list(site.numbers("perm")))


def slice_fragment(site: Site) -> Fragment | None:
    """Kind "slice" as part of a graph; None with steps along the last axis, at which the runtime is slow."""
    numbers = [np.array(site.numbers(name), np.int64) for name in ("starts", "ends", "axes", "steps")]
    last = len(site.x.shape) - 1
    if any(step != 1 and axis % (last + 1) == last for axis, step in zip(*numbers[2:], strict=True)):
        return None
    return lambda graph, operands: graph.node("Slice", [*operands, *(graph.constant(values) for values in numbers)])


def pad_fragment(site: Site) -> Fragment | None:
    """Kind "pad" as part of a graph; None at 16 bits, which the runtime doesn't pad."""
    if site.x.bits != 8:
        return None
    pads = np.array(site.numbers("pads"), np.int64)

    def add(graph: Graph, operands: Sequence[str]) -> str:
        if site.op.attrs.get("reflect"):
            return graph.node("Pad", [*operands, graph.constant(pads)], mode="reflect")
        return graph.node("Pad", [*operands, graph.constant(pads), graph.constant(np.uint8(site.number("value")))])

    return add


def resize_nearest_fragment(site: Site) -> Fragment | None:
    """Kind "resize_nearest" as part of a graph; None at 16 bits, which the runtime doesn't resize."""
    if site.x.bits != 8:
        return None
    scales = np.array([1, 1, *site.numbers("factors")], np.float32)
    rule = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return lambda graph, operands: graph.node("Resize", [operands[0], "", graph.constant(scales)], **rule)
