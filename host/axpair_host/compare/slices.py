"""Parts of a tensor that share a scale with parts of another range, and may vanish under it unseen.

A detector whose boxes (0..320) and scores (0..1) end in one tensor can lose every score to a single 8-bit scale
while the cosine of the whole stays at .9997. So each index of the channel axis, or of the last, is looked at apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_host.documents.compared import Slice

Array = np.ndarray[Any, Any]

MIN_ELEMENTS = 16
"""A smaller slice has no range worth the name."""
UNLIKE = 8.0
"""Ranges this many times apart are unlike: three of eight bits are lost to the smaller."""
PROBABILITY_FLOOR = 0.01
"""In a tensor of probabilities (all within 0..1) what never reaches 1 % is an absent class, not a lost part."""
ROUNDING = 1e-12
"""Of the sum of squares: what is left of it without the means is rounding below this."""
_MOST = 16
_BLOCK = 1 << 20


def part_axes(shape: tuple[int, ...], layout: str) -> tuple[int, ...]:
    """The axes along which a tensor has parts: channels of an image-like one, else the second and the last.

    The other axes of NHWC and NCHW are places, whose ranges differ from picture to picture.
    """
    if len(shape) == 4 and layout in ("NHWC", "NCHW"):
        candidates: tuple[int, ...] = (3,) if layout == "NHWC" else (1,)
    elif len(shape) >= 3:
        candidates = (1, len(shape) - 1)
    else:
        candidates = (len(shape) - 1,)
    return tuple(
        axis
        for axis in dict.fromkeys(candidates)
        if axis >= 0 and shape[axis] > 1 and _size(shape) // shape[axis] >= MIN_ELEMENTS
    )


@dataclass
class Parts:
    """Totals of both tensors for each index along one axis; elements that aren't finite on both sides count as 0."""

    axis: int
    elements: int
    """Of one index."""
    low: Array
    """Of the reference, as `high`."""
    high: Array
    r: Array
    c: Array
    rr: Array
    cc: Array
    rc: Array

    @property
    def correlation(self) -> float | None:
        """The cosine of both tensors without each index's mean; None where that leaves nothing."""
        r, c, rc = (
            float((square - one * other / self.elements).sum())
            for square, one, other in (
                (self.rr, self.r, self.r),
                (self.cc, self.c, self.c),
                (self.rc, self.r, self.c),
            )
        )
        floor = ROUNDING * float(self.rr.sum() + self.cc.sum())
        if r <= floor:
            return None
        return max(-1.0, min(1.0, rc / math.sqrt(r * c))) if c > floor else 0.0


def parts_of(reference: Array, candidate: Array, layout: str) -> list[Parts]:
    """Totals along each axis that has parts."""
    return [_totals_along(reference, candidate, axis) for axis in part_axes(reference.shape, layout)]


def worse_slices(parts: Sequence[Parts], line: float, whole: float | None) -> tuple[Slice, ...]:
    """Slices of unlike range that vanished, or lie below the line while the whole doesn't; worst first, 16 at most."""
    found = [one for along in parts for one in _along(along, line, whole)]
    return tuple(sorted(found, key=lambda part: (not part.vanished, part.cosine, part.axis, part.index))[:_MOST])


def _along(parts: Parts, line: float, whole: float | None) -> list[Slice]:
    low, high, rr, cc, rc = parts.low, parts.high, parts.rr, parts.cc, parts.rc
    spread = np.maximum(np.abs(low), np.abs(high))
    widest = float(spread.max())
    small = (spread > 0) & (spread * UNLIKE <= widest)
    if float(low.min()) >= 0.0 and float(high.max()) <= 1.0:
        small &= spread >= PROBABILITY_FLOOR
    cosines = np.zeros(len(rr))
    both = (rr > 0) & (cc > 0)
    cosines[both] = np.clip(rc[both] / np.sqrt(rr[both]) / np.sqrt(cc[both]), -1.0, 1.0)
    vanished = small & (rr > 0) & (cc == 0)
    worse = vanished | (small & (cosines < line) & (whole is not None and whole >= line))
    return [
        Slice(parts.axis, int(i), parts.elements, (float(low[i]), float(high[i])), float(cosines[i]), bool(vanished[i]))
        for i in np.flatnonzero(worse)
    ]


def _totals_along(reference: Array, candidate: Array, axis: int) -> Parts:
    """Totals along an axis, in blocks of bounded size."""
    length = reference.shape[axis]
    outer, inner = _size(reference.shape[:axis]), _size(reference.shape[axis + 1 :])
    views = [tensor.reshape(outer, length, inner) for tensor in (reference, candidate)]
    found = Parts(
        axis, reference.size // length, np.full(length, np.inf), np.full(length, -np.inf), *np.zeros((5, length))
    )
    rows = max(1, _BLOCK // (length * inner)) if outer > 1 else outer
    columns = inner if outer > 1 else max(1, _BLOCK // length)
    for top in range(0, outer, rows):
        for left in range(0, inner, columns):
            r, c = (view[top : top + rows, :, left : left + columns].astype(np.float64) for view in views)
            aside = ~(np.isfinite(r) & np.isfinite(c))
            r[aside] = 0.0
            c[aside] = 0.0
            np.minimum(found.low, r.min(axis=(0, 2)), out=found.low)
            np.maximum(found.high, r.max(axis=(0, 2)), out=found.high)
            found.r += r.sum(axis=(0, 2))
            found.c += c.sum(axis=(0, 2))
            found.rr += np.einsum("aib,aib->i", r, r)
            found.cc += np.einsum("aib,aib->i", c, c)
            found.rc += np.einsum("aib,aib->i", r, c)
    return found


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64)) if shape else 1
