"""What is kept of a tensor's values while samples stream by: extremes, and a histogram of fixed size.

The histogram covers [-reach, reach) with 2048 bins. When a value lies outside, the reach doubles and pairs of bins
merge, so counts stay exact and memory flat, however many samples there are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

BINS = 2048
_SMALLEST_REACH = 2.0**-100

Array = np.ndarray[Any, Any]


class Observer:
    """Sees the values of one tensor, sample by sample."""

    def __init__(self, *, histogram: bool) -> None:
        self.low = math.inf
        self.high = -math.inf
        self.bad = 0
        """How many values were NaN or infinite; they count for nothing else."""
        self.reach = 0.0
        self.counts: np.ndarray[Any, np.dtype[np.int64]] = np.zeros(BINS if histogram else 0, np.int64)

    def see(self, values: Array) -> None:
        """Takes one sample's values, any shape."""
        flat = values.ravel()
        if not flat.size:
            return
        low, high = float(flat.min()), float(flat.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            finite = flat[np.isfinite(flat)]
            self.bad += flat.size - finite.size
            if not finite.size:
                return
            flat, low, high = finite, float(finite.min()), float(finite.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        if self.counts.size:
            self._count(flat, max(abs(low), abs(high)))

    def centres(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The middle value of each bin."""
        return (np.arange(BINS, dtype=np.float64) + 0.5) * (2.0 * self.reach / BINS) - self.reach

    def _count(self, flat: Array, extreme: float) -> None:
        if not self.reach:
            self.reach = 2.0 ** math.ceil(math.log2(max(extreme, _SMALLEST_REACH)))
        while extreme > self.reach:
            merged = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.zeros(BINS, np.int64)
            self.counts[BINS // 4 : 3 * BINS // 4] = merged
            self.reach *= 2.0
        bins = ((flat.astype(np.float32) + np.float32(self.reach)) * np.float32(BINS / 2 / self.reach)).astype(np.int32)
        self.counts += np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS)
