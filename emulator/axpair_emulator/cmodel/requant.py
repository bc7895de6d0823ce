"""Requantisation: from accumulators to codes, by the one formula of `program.py`, in two forms with equal bits.

float64: acc * (m / 2^s) + (zp + 1/2), clamped and cut off. Every value on the way is a whole multiple of 2^-s; while
the largest of them stays below 2^53 of those units, no step rounds. Channels for which that can't be shown are done
in int64, which is exact for all that the program's contract allows.
Blocks are small enough to stay in the processor's cache, so that the accumulators are read from memory once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_emulator.cmodel.bounds import FLOAT64
from axpair_emulator.cmodel.site import Array, Site
from axpair_emulator.program import Tensor

_BLOCK = 1 << 15
"""Elements of a block: 256 KiB of float64."""


@dataclass(frozen=True)
class Rule:
    """RQ(acc; m, s, zp, lo, hi) with one m and s per channel (or a single one, for all)."""

    multiplier: Array
    """int64 (channels,)."""
    shift: Array
    """int64 (channels,)."""
    zero_point: int
    lo: int
    hi: int

    def __len__(self) -> int:
        return len(self.multiplier)

    def __getitem__(self, channels: Array) -> Rule:
        """The same rule for some of the channels."""
        return Rule(self.multiplier[channels], self.shift[channels], self.zero_point, self.lo, self.hi)

    def codes(self, acc: Array) -> Array:
        """The formula itself: int64 accumulators (..., channels) to int64 codes."""
        half = np.left_shift(np.int64(1), self.shift - 1)
        scaled = np.right_shift(acc * self.multiplier + half, self.shift)
        codes: Array = np.clip(scaled + self.zero_point, self.lo, self.hi)
        return codes


def rule_of(site: Site) -> Rule:
    """The rule that an operator's attributes and arrays name."""
    if "multiplier" in site.op.arrays:
        multiplier, shift = (np.asarray(site.array(role), np.int64) for role in ("multiplier", "shift"))
    else:
        multiplier, shift = (np.asarray([site.number(name)], np.int64) for name in ("multiplier", "shift"))
    return Rule(multiplier, shift, site.y.zero_point, site.number("lo"), site.number("hi"))


class Requantizer:
    """A rule made ready for accumulators of bounded magnitude.

    `bounds` (int64, one per channel) are magnitudes that no accumulator of the channel exceeds.
    """

    def __init__(self, rule: Rule, bounds: Array, output: Tensor) -> None:
        self._rule = rule
        self._dtype = output.dtype
        units = bounds.astype(object) * rule.multiplier + (rule.zero_point + 1) * 2 ** rule.shift.astype(object)
        self._in_float = np.asarray(units < FLOAT64, bool)
        # ldexp only moves the exponent: no library function that could round.
        self._factor = np.ldexp(rule.multiplier.astype(np.float64), -rule.shift)
        self._offset = rule.zero_point + 0.5

    def __call__(self, acc: Array) -> Array:
        """Accumulators (outer, channels, inner), whole numbers of any dtype, to codes of the same shape."""
        codes = np.empty(acc.shape, self._dtype)
        self.into(codes, acc, np.arange(acc.shape[1]))
        return codes

    def scalar(self, acc: Array) -> Array:
        """Accumulators of any shape, for a rule with a single multiplier."""
        codes: Array = self(acc.reshape(1, 1, -1)).reshape(acc.shape)
        return codes

    def into(self, codes: Array, acc: Array, channels: Array) -> None:
        """Fill the given channels of `codes`; both arrays are (outer, channels, inner)."""
        outer, _, inner = acc.shape
        scratch = np.empty(_BLOCK, np.float64)
        in_float = channels[self._in_float[channels]]
        per_block = max(1, _BLOCK // max(inner, 1))
        for start in range(0, len(in_float), per_block):
            some = in_float[start : start + per_block]
            rows = max(1, _BLOCK // max(inner * len(some), 1))
            for row in range(0, outer, rows):
                for column in range(0, inner, _BLOCK):
                    at = (slice(row, row + rows), _run(some), slice(column, column + _BLOCK))
                    self._block(codes, acc, at, self._factor[some, None], scratch)
        for channel in channels[~self._in_float[channels]]:
            rule = self._rule[np.array([channel])]
            codes[:, channel] = rule.codes(acc[:, channel, :, None].astype(np.int64))[..., 0]

    def _block(self, codes: Array, acc: Array, at: tuple[Any, ...], factor: Array, scratch: Array) -> None:
        some = acc[at]
        block = scratch[: some.size].reshape(some.shape)
        block[...] = some
        block *= factor
        block += self._offset
        # Cutting off is rounding down, as nothing negative is left.
        np.clip(block, self._rule.lo, self._rule.hi, out=block)
        codes[at] = block


def _run(channels: Array) -> Array | slice:
    """Neighbouring channels as a slice, which reads without copying."""
    first, last = int(channels[0]), int(channels[-1])
    return slice(first, last + 1) if last - first + 1 == len(channels) else channels
