"""Exact accumulators of convolutions of any width: float32 convolutions over parts, each below 2^24.

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

    @property
    def blocked(self) -> bool:
        """Whether the runtime's blocked layouts pay: where every output channel has an input channel of its own."""
        return self.group > 1 and not self.transposed

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
        operands = [graph.centred("x", zero_point), graph.constant(weight.astype(np.float32))]
        graph.output(graph.node(self.kind, operands, group=self.group, **self.attributes), "float32")
        return graph.session(threads, self.blocked)


Part = Callable[[Array], list[Array]]
"""Codes (N, C, H, W) to sums (N, O, H', W') of whole numbers, float32 or float64."""


class Accumulator:
    """Parts whose sum, each part times its factor, is the exact accumulator without bias.

    `weight` is int8 or int16 in ONNX's order, the codes are of 8 or 16 bits.
    """

    def __init__(self, convolution: Convolution, weight: Array, x: Tensor, threads: int) -> None:
        self.factors: tuple[int, ...] = ()
        self.bounds = np.zeros(len(convolution.sums(weight)), np.int64)
        """Per channel, what the magnitudes of all products together, factors included, don't exceed."""
        self._parts: list[Part] = []
        for weight_factor, plane in weight_planes(weight):
            for shift in (0,) if x.bits == 8 else (8, 0):
                zero = (x.zero_point >> shift) & 0xFF
                part, count = _part(convolution, plane, zero, threads, shift)
                self._parts.append(part)
                self.factors += (weight_factor << shift,) * count
                self.bounds += convolution.sums(plane) * max(zero, 255 - zero) * (weight_factor << shift)

    def __call__(self, codes: Array) -> list[Array]:
        """One array for each factor."""
        return [result for part in self._parts for result in part(codes)]


def weight_planes(weight: Array) -> list[tuple[int, Array]]:
    """Factors and planes whose sum the weight is; the planes' magnitudes are at most 128."""
    wide = weight.astype(np.int64)
    if weight.dtype.itemsize == 1:
        return [(1, wide)]
    low = ((wide + 128) & 0xFF) - 128
    return [(256, (wide - low) >> 8), (1, low)]


def _part(convolution: Convolution, weight: Array, zero: int, threads: int, shift: int) -> tuple[Part, int]:
    """What adds up one byte of the codes, and into how many arrays."""
    grouped = convolution.by_group(weight)
    runs = channel_runs(grouped, FLOAT32 // max(zero, 255 - zero))
    if runs is None:

        def by_taps(codes: Array) -> list[Array]:
            centred = _byte(codes, shift).astype(np.float64) - zero
            return [taps.accumulate(convolution.transposed, convolution.attributes, grouped, centred)]

        return by_taps, 1
    sessions = [convolution.session(convolution.as_onnx(grouped[:, :, run]), zero, threads) for run in runs]

    def by_runs(codes: Array) -> list[Array]:
        plane = _byte(codes, shift)
        batch, _, *space = plane.shape
        split = plane.reshape(batch, convolution.group, -1, *space)
        return [
            session({"x": np.ascontiguousarray(split[:, :, run]).reshape(batch, -1, *space)})[0]
            for run, session in zip(runs, sessions, strict=True)
        ]

    return by_runs, len(runs)


def channel_runs(grouped: Array, limit: int) -> list[slice] | None:
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
