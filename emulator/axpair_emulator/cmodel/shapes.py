"""Operators that only move codes: reshape, transpose, slice, pad and resize_nearest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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
