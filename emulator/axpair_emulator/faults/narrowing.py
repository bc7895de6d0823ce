"""How a faulty arithmetic turns sums and quotients into codes; healthy, it is the rule of `program.py`."""

from __future__ import annotations

import dataclasses

import numpy as np

from axpair_emulator.cmodel.requant import Rule
from axpair_emulator.faults.fault import Array


@dataclasses.dataclass(frozen=True)
class Arithmetic:
    """The default is the healthy one."""

    rounds: bool = True
    saturates: bool = True
    accumulator_bits: int = 64

    def of_sums(self, acc: Array, rule: Rule, top: int, accumulates: bool) -> Array:
        """Int64 codes of accumulators; `accumulates` says whether a sum of products made them."""
        if accumulates and self.accumulator_bits < 64:
            half = 1 << (self.accumulator_bits - 1)
            acc = ((acc + half) & (2 * half - 1)) - half
        multiplier, shift = rule.multiplier[:, None], rule.shift[:, None]
        rounding = np.left_shift(np.int64(1), shift - 1) if self.rounds else 0
        codes: Array = np.right_shift(acc * multiplier + rounding, shift) + rule.zero_point
        return self.narrowed(codes, rule.lo, rule.hi, rule.zero_point, top)

    def of_quotients(self, above: Array, below: Array) -> Array:
        """Whole-number quotients of int64 numerators and positive denominators: rounded to nearest, or floored."""
        quotients: Array = (2 * above + below) // (2 * below) if self.rounds else above // below
        return quotients

    def narrowed(self, codes: Array, lo: int, hi: int, zero_point: int, top: int) -> Array:
        """Codes within `lo` and `hi`, or their low bits."""
        if self.saturates:
            return np.clip(codes, lo, hi)
        # A fused activation still clamps: a Relu at its zero point, a Clip inside of the range.
        if lo > 0 or lo == zero_point:
            codes = np.maximum(codes, lo)
        if hi < top:
            codes = np.minimum(codes, hi)
        return codes & top
