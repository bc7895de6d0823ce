"""The bounds under which floating-point arithmetic on whole numbers is exact.

A sum of products of whole numbers, in any order and with or without fused multiply-add, passes only through whole
numbers no larger than the sum of the products' magnitudes. While that stays below 2^24, every step is exact in
float32; below 2^53, in float64. So the bits depend neither on the CPU nor on how a library blocks its loops.
"""

from __future__ import annotations

import numpy as np

from axpair_emulator.cmodel.site import Array
from axpair_emulator.program import Tensor

FLOAT32 = 1 << 24
FLOAT64 = 1 << 53


def reach(tensor: Tensor) -> int:
    """The largest magnitude of code - zero_point."""
    return max(tensor.zero_point, tensor.top - tensor.zero_point)


def absolute_sums(weight: Array, channel_axis: int) -> Array:
    """Sum of |w| per output channel, as int64 of shape (channels,)."""
    rows = np.moveaxis(weight, channel_axis, 0).reshape(weight.shape[channel_axis], -1)
    sums: Array = np.abs(rows.astype(np.int64)).sum(axis=1)
    return sums
