"""A constant far away from all other values of a tensor, such as an attention mask of -1e9."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_FEWEST = 8
"""Elements; fewer are no body of values."""
_FAR = 16.0
"""How far away the constant lies at least, in reaches of the other values."""
_HUGE = 1000.0
_APART = 100.0
_OFTEN = 0.02
_VANISHED = 16.0
"""exp of minus this is no step of 16 bit any more."""


@dataclass(frozen=True)
class Constant:
    """One value, or nearly so, far away from all others of a tensor."""

    value: float
    """As it stands there, the middle one; may be infinite."""
    low: float
    high: float
    """What the other values span."""
    share: float = 1.0
    """Of the elements, how many have it."""

    def is_huge(self, unit: float = 1.0) -> bool:
        """Whether nothing but a constant that was written there can be so large, so far from the others, and in so many
        places. `unit` is what 1.0 is in the tensor."""
        return self.share >= _OFTEN and abs(self.value) >= max(_HUGE * unit, _APART * max(-self.low, self.high))

    @property
    def instead(self) -> float | None:
        """Near enough for a scale and far enough for a mask, where it is a negative number: exp() of it vanishes beside
        the other values'. None for a positive one."""
        return None if self.value > 0 else -10.0 * math.ceil((self.high - self.low + _VANISHED) / 10)


def far_constant(values: Array) -> Constant | None:
    """What stands far from a body of other values and hardly varies; None where there is no such thing. NaN counts for
    nothing."""
    flat = values.reshape(-1)
    infinite = flat[np.isinf(flat)]
    finite = flat[np.isfinite(flat)].astype(np.float64)
    if finite.size < _FEWEST:
        return None
    if infinite.size and (infinite == infinite[0]).all() and np.ptp(finite) > 0:
        return Constant(float(infinite[0]), float(finite.min()), float(finite.max()), infinite.size / flat.size)
    sizes = np.abs(finite)
    reach = float(sizes.max())
    far, near = finite[sizes >= reach / 2], finite[sizes < reach / 2]
    if near.size < _FEWEST or far.size < 2:
        return None
    low, high = float(near.min()), float(near.max())
    varies = max(2 * (high - low), 1e-6 * reach)
    if not high > low or max(-low, high) * _FAR > reach or float(np.ptp(far)) > varies:
        return None
    return Constant(float(np.median(far)), low, high, far.size / flat.size)
