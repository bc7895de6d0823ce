"""Finds the quantisation step of a tensor that doesn't declare one: the gap of the lattice on which its values lie."""

from typing import Any

import numpy as np

from axpair_host.compare.sums import CHUNK

Array = np.ndarray[Any, Any]

MAX_POINTS = 65_536
"""A lattice of more points is none that 16 bits could count."""
MIN_DISTINCT = 8
"""Fewer distinct values lie on some lattice by chance."""
_OFF = 0.01
"""How far from a lattice point a value may lie, in steps, beside its own rounding."""
_OFF_AT_MOST = 0.1
"""Values whose rounding alone may move them so far say nothing."""


def lattice_step(tensor: Array) -> float:
    """The gap of the one lattice that holds all finite values; 0.0 where there is none.

    For integers without such a lattice the step is 1.
    """
    integers = tensor.dtype.kind in "iu"
    values = _distinct(tensor.reshape(-1))
    found = 0.0 if values is None or values.size < MIN_DISTINCT else _gap(values, _rounding(tensor))
    return found or (1.0 if integers else 0.0)


def _distinct(flat: Array) -> "np.ndarray[Any, np.dtype[np.float64]] | None":
    """Sorted distinct finite values; None when there are more than a lattice can have."""
    seen = np.empty(0)
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        # Sorting is quicker in the tensor's own, narrower numbers.
        seen = np.union1d(seen, np.unique(part[np.isfinite(part)]).astype(np.float64))
        if seen.size > MAX_POINTS:
            return None
    return seen


def _rounding(tensor: Array) -> float:
    return float(np.finfo(tensor.dtype).eps) if tensor.dtype.kind == "f" else 0.0


def _gap(values: "np.ndarray[Any, np.dtype[np.float64]]", rounding: float) -> float:
    """The smallest gap, made exact over ever longer spans; 0.0 when some value lies beside the lattice."""
    peak = float(max(-values[0], values[-1]))
    offsets = values - values[0]
    gap = float(np.diff(values).min())
    blur = 2 * rounding * peak / gap
    if offsets[-1] / gap > MAX_POINTS or blur > _OFF_AT_MOST:
        return 0.0
    # Rounding blurs the smallest gap itself: each wider span gives the next estimate its digits.
    reach = 4.0
    while True:
        near = offsets[(offsets > 0) & (offsets <= reach * gap)]
        if near.size:
            points = np.rint(near / gap)
            gap = float(near @ points / (points @ points))
        if reach * gap >= offsets[-1]:
            break
        reach *= 4.0
    off = np.abs(offsets / gap - np.rint(offsets / gap))
    return gap if float(off.max()) <= _OFF + blur else 0.0
