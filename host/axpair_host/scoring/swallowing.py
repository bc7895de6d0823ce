"""Values that one quantisation step swallows: beside a constant far away, or beside features of another size.

A cosine and a relative error are those of the large values; both say that such a tensor is right.
"""

from typing import Any

import numpy as np

from axpair_host.compare.constant import Constant, far_constant
from axpair_host.scoring.clipping import SAMPLED

Array = np.ndarray[Any, Any]

FEWEST_STEPS = 8.0
"""Values that lie within so many steps keep less than three bits."""
_FEWEST = 8
"""Elements; fewer are no body of values."""
_FAR = 16.0
"""How many steps the largest value of such an input has at least."""
_LOST_SHARE = 0.25
"""Of an input's values. Of a bell curve over 256 steps 1 % are smaller than half a step."""


def constant_in(values: Array) -> Constant | None:
    """A constant far from the body of other values, as a sample of the elements shows it; None where there is none."""
    return far_constant(_sample(values))


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
