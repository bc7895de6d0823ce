"""Requantisation: from accumulators to codes, by the one formula of `program.py`, in two forms with equal bits.

float64: acc * (m / 2^s) + (zp + 1/2), clamped and cut off. Every value on the way is a whole multiple of 2^-s; while
the largest of them stays below 2^53 of those units, no step rounds. Channels for which that can't be shown are done
in int64, which is exact for all that the program's contract allows.
Blocks are small enough to stay in the processor's cache, so that the accumulators are read from memory once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        """The formula itself: int64 accumulators (..., channels, inner) to int64 codes."""
        multiplier, shift = self.multiplier[:, None], self.shift[:, None]
        scaled = np.right_shift(acc * multiplier + np.left_shift(np.int64(1), shift - 1), shift)
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
    """A rule made ready for accumulators of bounded magnitude, given as one array or as several to be added up.

    The accumulator is the sum of the arrays, each times its factor, and of the channel's bias. `bounds` (int64, one
    per channel) are what the magnitudes of all these together don't exceed, in any order of adding them up.
    """

    def __init__(
        self,
        rule: Rule,
        bounds: Array,
        output: Tensor,
        bias: Array | None = None,
        factors: Sequence[int] = (1,),
    ) -> None:
        self._rule = rule
        self._dtype = output.dtype
        self._bias = np.zeros(len(rule), np.int64) if bias is None else bias.astype(np.int64)
        self._factors = tuple(factors)
        units = bounds.astype(object) * rule.multiplier + (rule.zero_point + 1) * 2 ** rule.shift.astype(object)
        self._in_float = np.asarray(units < FLOAT64, bool)
        self.all_in_float = bool(self._in_float.all())
        """Whether the float64 form is exact for every channel."""
        # ldexp only moves the exponent: no library function that could round.
        self.real = np.ldexp(rule.multiplier.astype(np.float64), -rule.shift)
        """The factor of the float64 form, per channel."""
        self.offset = self._bias * self.real + (rule.zero_point + 0.5)
        """What the float64 form adds, per channel."""

    def __call__(self, *parts: Array) -> Array:
        """Accumulators (outer, channels, inner), whole numbers of any dtype, to codes of the same shape."""
        codes = np.empty(parts[0].shape, self._dtype)
        self.into(codes, parts, np.arange(parts[0].shape[1]))
        return codes

    def scalar(self, acc: Array) -> Array:
        """Accumulators of any shape, for a rule with a single multiplier."""
        codes: Array = self(acc.reshape(1, 1, -1)).reshape(acc.shape)
        return codes

    def into(self, codes: Array, parts: Sequence[Array], channels: Array) -> None:
        """Fill the given channels of `codes`; all arrays are (outer, channels, inner)."""
        outer, _, inner = codes.shape
        scratch = (np.empty(_BLOCK, np.float64), np.empty(_BLOCK, np.float64))
        per_block = max(1, _BLOCK // max(inner, 1))
        for in_float in (True, False):
            alike = channels[self._in_float[channels] == in_float]
            for start in range(0, len(alike), per_block):
                some = alike[start : start + per_block]
                rows = max(1, _BLOCK // max(inner * len(some), 1))
                for row in range(0, outer, rows):
                    for column in range(0, inner, _BLOCK):
                        at = (slice(row, row + rows), _run(some), slice(column, column + _BLOCK))
                        block = [part[at] for part in parts]
                        codes[at] = self._float64(block, some, scratch) if in_float else self._int64(block, some)

    def _float64(self, parts: list[Array], channels: Array, scratch: tuple[Array, Array]) -> Array:
        """The codes of one block, as whole float64 numbers."""
        shape, size = parts[0].shape, parts[0].size
        total: Array = scratch[0][:size].reshape(shape)
        term: Array = scratch[1][:size].reshape(shape)
        for index, (part, factor) in enumerate(zip(parts, self._factors, strict=True)):
            target = term if index else total
            target[...] = part
            target *= (self.real[channels] * factor)[:, None]
            if index:
                total += term
        total += self.offset[channels, None]
        # Cutting off is rounding down, as nothing negative is left.
        np.clip(total, self._rule.lo, self._rule.hi, out=total)
        return total

    def _int64(self, parts: list[Array], channels: Array) -> Array:
        """The codes of one block, by the formula itself."""
        acc = np.broadcast_to(self._bias[channels, None], parts[0].shape).copy()
        for part, factor in zip(parts, self._factors, strict=True):
            acc += part.astype(np.int64) * factor
        codes: Array = self._rule[channels].codes(acc)
        return codes


def _run(channels: Array) -> Array | slice:
    """Neighbouring channels as a slice, which reads without copying."""
    first, last = int(channels[0]), int(channels[-1])
    return slice(first, last + 1) if last - first + 1 == len(channels) else channels
