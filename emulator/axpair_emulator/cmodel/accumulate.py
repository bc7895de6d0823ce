"""Exact accumulators of convolutions of any width: float32 convolutions over parts, each below 2^24, added in float64.

16-bit codes go as two planes of 8 bits, 16-bit weights too: x - z = 256 * (xh - zh) + (xl - zl), and as much for w.
Where a part's bound is still too high, its input channels are split. Where one input channel alone is too much, the
taps of the kernel are added one by one in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_emulator.cmodel import taps
from axpair_emulator.cmodel.bounds import FLOAT32, absolute_sums
from axpair_emulator.cmodel.session import Graph, Session
from axpair_emulator.cmodel.site import Array
from axpair_emulator.program import Tensor


@dataclass(frozen=True)
class Convolution:
    """A convolution or transposed convolution, apart from its data. `attributes` are ONNX's, without pads' defaults."""

    transposed: bool
    group: int
    attributes: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """ONNX's name."""
        return "ConvTranspose" if self.transposed else "Conv"

    def by_group(self, weight: Array) -> Array:
        """ONNX's weight as (group, O/g, I/g, ...)."""
        grouped: Array = weight.reshape(self.group, weight.shape[0] // self.group, *weight.shape[1:])
        return grouped.swapaxes(1, 2) if self.transposed else grouped

    def as_onnx(self, grouped: Array) -> Array:
        """The inverse of `by_group`."""
        if self.transposed:
            grouped = grouped.swapaxes(1, 2)
        weight: Array = grouped.reshape(grouped.shape[0] * grouped.shape[1], *grouped.shape[2:])
        return weight

    def sums(self, weight: Array) -> Array:
        """Sum of |w| per output channel, int64: what every accumulator stays below, times the largest input."""
        grouped = self.by_group(weight)
        return absolute_sums(grouped.reshape(-1, *grouped.shape[2:]), 0)

    def session(self, weight: Array, zero_point: int, threads: int) -> Session:
        """The exact kernel from uint8 codes to float32 accumulators without bias."""
        graph = Graph()
        graph.input("x", "uint8")
        centred = graph.centred("x", zero_point)
        weights = graph.constant("w", weight.astype(np.float32))
        graph.node(self.kind, [centred, weights], "acc", group=self.group, **self.attributes)
        graph.output("acc", "float32")
        return graph.session(threads)


Accumulate = Callable[[Array], Array]
"""Codes (N, C, H, W) to exact accumulators (N, O, H', W') without bias, float64."""


def accumulator(convolution: Convolution, weight: Array, x: Tensor, threads: int) -> Accumulate:
    """Prepare the sum of parts for int8 or int16 weights (ONNX's order) and 8- or 16-bit codes."""
    parts: list[tuple[int, Accumulate]] = []
    for weight_factor, weight_plane in _weight_planes(weight):
        if x.bits == 8:
            parts.append((weight_factor, _plane(convolution, weight_plane, x.zero_point, threads, 0)))
            continue
        for shift in (8, 0):
            zero = (x.zero_point >> shift) & 0xFF
            part = _plane(convolution, weight_plane, zero, threads, shift)
            parts.append((weight_factor << shift, part))

    def total(codes: Array) -> Array:
        result = parts[0][1](codes) * float(parts[0][0])
        for factor, part in parts[1:]:
            result += part(codes) * float(factor)
        return result

    return total


def _weight_planes(weight: Array) -> list[tuple[int, Array]]:
    """Factors and planes whose sum the weight is; the planes' magnitudes are at most 128."""
    wide = weight.astype(np.int64)
    if weight.dtype.itemsize == 1:
        return [(1, wide)]
    low = ((wide + 128) & 0xFF) - 128
    return [(256, (wide - low) >> 8), (1, low)]


def _plane(convolution: Convolution, weight: Array, zero: int, threads: int, shift: int) -> Accumulate:
    reach = max(zero, 255 - zero)
    grouped = convolution.by_group(weight)
    runs = _channel_runs(grouped, FLOAT32 // reach)
    if runs is None:
        return lambda codes: taps.accumulate(
            convolution.transposed, convolution.attributes, grouped, _byte(codes, shift).astype(np.float64) - zero
        )
    sessions = [convolution.session(convolution.as_onnx(grouped[:, :, run]), zero, threads) for run in runs]

    def accumulate(codes: Array) -> Array:
        plane = _byte(codes, shift)
        batch, _, *space = plane.shape
        split = plane.reshape(batch, convolution.group, -1, *space)
        result: Array | float = 0.0
        for run, session in zip(runs, sessions, strict=True):
            some = np.ascontiguousarray(split[:, :, run]).reshape(batch, -1, *space)
            result = result + session(x=some)[0].astype(np.float64)
        return np.asarray(result)

    return accumulate


def _channel_runs(grouped: Array, limit: int) -> list[slice] | None:
    """Runs of input channels whose sum of |w| stays below the limit for every output; None if one alone doesn't."""
    outputs, inputs = grouped.shape[0] * grouped.shape[1], grouped.shape[2]
    sums = np.abs(grouped).reshape(outputs, inputs, -1).sum(axis=2)
    runs: list[slice] = []
    first, running = 0, np.zeros(outputs, np.int64)
    for index in range(inputs):
        if sums[:, index].max() >= limit:
            return None
        running += sums[:, index]
        if running.max() >= limit:
            runs.append(slice(first, index))
            first, running = index, sums[:, index].copy()
    return [*runs, slice(first, inputs)]


def _byte(codes: Array, shift: int) -> Array:
    return codes if codes.dtype.itemsize == 1 else (codes >> shift).astype(np.uint8)
