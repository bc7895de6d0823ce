"""Values that one quantisation step swallows: beside a constant far away, or beside features of another size.

A cosine and a relative error are those of the large values; both say that such a tensor is right.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_host.layers.clipping import SAMPLED

Array = np.ndarray[Any, Any]

FEWEST_STEPS = 8.0
"""Values that lie within so many steps keep less than three bits."""
_FEWEST = 8
"""Elements; fewer are no body of values."""
_FAR = 16.0
"""How far away the constant lies at least, in reaches of the other values."""
_LOST_SHARE = 0.25
"""Of an input's values. Of a bell curve over 256 steps 1 % are smaller than half a step."""
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

    @property
    def instead(self) -> float | None:
        """Near enough for a scale and far enough for a mask, where it is a negative number: exp() of it vanishes beside
        the other values'. None for a positive one."""
        return None if self.value > 0 else -10.0 * math.ceil((self.high - self.low + _VANISHED) / 10)


def far_constant(values: Array) -> Constant | None:
    """What stands far from a body of other values and hardly varies; None where there is no such thing. NaN counts for
    nothing. A sample of the elements is looked at."""
    flat = _sample(values)
    infinite = flat[np.isinf(flat)]
    finite = flat[np.isfinite(flat)].astype(np.float64)
    if finite.size < _FEWEST:
        return None
    if infinite.size and (infinite == infinite[0]).all() and np.ptp(finite) > 0:
        return Constant(float(infinite[0]), float(finite.min()), float(finite.max()))
    sizes = np.abs(finite)
    reach = float(sizes.max())
    far, near = finite[sizes >= reach / 2], finite[sizes < reach / 2]
    if near.size < _FEWEST or far.size < 2:
        return None
    low, high = float(near.min()), float(near.max())
    varies = max(2 * (high - low), 1e-6 * reach)
    if not high > low or max(-low, high) * _FAR > reach or float(np.ptp(far)) > varies:
        return None
    return Constant(float(np.median(far)), low, high)


def swallows(constant: Constant, step: float) -> bool:
    """Whether a step leaves the other values less than three bits."""
    return constant.high - constant.low <= FEWEST_STEPS * step


def lost_share(values: Array, step: float) -> float:
    """Of an input's values that aren't zero, those that become zero at such a step; 0.0 where that is few of them, or
    where all are small alike. A sample of the elements is looked at."""
    flat = _sample(values)
    finite = np.abs(flat[np.isfinite(flat)])
    given = finite[finite > 0]
    if given.size < _FEWEST or float(given.max()) < _FAR * step:
        return 0.0
    share = np.count_nonzero(given < step / 2) / given.size
    return float(share) if share >= _LOST_SHARE else 0.0


def _sample(values: Array) -> Array:
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // SAMPLED)]
