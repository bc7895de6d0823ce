"""Convolutions tap by tap in float64: slow, and exact for all that the contract allows (sums below 2^53).

For kernels of hundreds of taps only; the products are numpy's, on as many threads as it likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from axpair_emulator.cmodel.site import Array


def accumulate(transposed: bool, attributes: Mapping[str, Any], weight: Array, x: Array) -> Array:
    """Exact accumulators without bias.

    `weight` is (group, O/g, I/g, kH, kW), `x` float64 (N, C, H, W) with the zero point taken off; `attributes` are
    ONNX's strides, pads, dilations and, for a transposed one, output_padding. Returns float64 (N, O, H', W').
    """
    group, outputs, inputs, *kernel = weight.shape
    axes = len(kernel)
    strides = list(attributes.get("strides") or [1] * axes)
    dilations = list(attributes.get("dilations") or [1] * axes)
    pads = list(attributes.get("pads") or [0] * 2 * axes)
    grouped = x.reshape(x.shape[0], group, inputs, *x.shape[2:])
    reach = [dilation * (size - 1) + 1 for dilation, size in zip(dilations, kernel, strict=True)]
    if transposed:
        extra = list(attributes.get("output_padding") or [0] * axes)
        full = [
            (size - 1) * stride + span + more
            for size, stride, span, more in zip(x.shape[2:], strides, reach, extra, strict=True)
        ]
        result = np.zeros((x.shape[0], group, outputs, *full))
        for tap, offset in _taps(kernel, dilations):
            where = tuple(
                slice(start, start + (size - 1) * stride + 1, stride)
                for start, size, stride in zip(offset, x.shape[2:], strides, strict=True)
            )
            at: tuple[Any, ...] = (..., *where)
            result[at] += _mix(_tap(weight, tap), grouped)
        inside = tuple(slice(pads[axis], full[axis] - pads[axis + axes]) for axis in range(axes))
        kept: tuple[Any, ...] = (..., *inside)
        result = result[kept]
    else:
        widths = [(0, 0)] * 3 + [(pads[axis], pads[axis + axes]) for axis in range(axes)]
        padded = np.pad(grouped, widths)
        out = [(size - span) // stride + 1 for size, span, stride in zip(padded.shape[3:], reach, strides, strict=True)]
        result = np.zeros((x.shape[0], group, outputs, *out))
        for tap, offset in _taps(kernel, dilations):
            where = tuple(
                slice(start, start + (size - 1) * stride + 1, stride)
                for start, size, stride in zip(offset, out, strides, strict=True)
            )
            seen: tuple[Any, ...] = (..., *where)
            result += _mix(_tap(weight, tap), padded[seen])
    return np.ascontiguousarray(result.reshape(x.shape[0], group * outputs, *result.shape[3:]))


def _taps(kernel: list[int], dilations: list[int]) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    for tap in np.ndindex(*kernel):
        yield tap, [position * dilation for position, dilation in zip(tap, dilations, strict=True)]


def _tap(weight: Array, tap: tuple[int, ...]) -> Array:
    at: tuple[Any, ...] = (..., *tap)
    taken: Array = weight[at]
    return taken


def _mix(weight: Array, x: Array) -> Array:
    """Weight (group, O/g, I/g) times x (N, group, I/g, ...), over the input channels."""
    flat = x.reshape(*x.shape[:3], -1)
    mixed: Array = np.matmul(weight.astype(np.float64), flat)
    return mixed.reshape(*x.shape[:2], weight.shape[1], *x.shape[3:])
