"""Parts of a tensor that share a scale with parts of another range, and may vanish under it unseen.

A detector whose boxes (0..320) and scores (0..1) end in one tensor can lose every score to a single 8-bit scale
while the cosine of the whole stays at .9997. So each index of the channel axis, or of the last, is looked at apart.
"""

from typing import Any

import numpy as np

from axpair_host.compare.comparison import Slice

Array = np.ndarray[Any, Any]

MIN_ELEMENTS = 16
"""A smaller slice has no range worth the name."""
UNLIKE = 8.0
"""Ranges this many times apart are unlike: three of eight bits are lost to the smaller."""
PROBABILITY_FLOOR = 0.01
"""In a tensor of probabilities (all within 0..1) what never reaches 1 % is an absent class, not a lost part."""
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


def worse_slices(
    reference: Array, candidate: Array, layout: str, line: float, whole: float | None
) -> tuple[Slice, ...]:
    """Slices of unlike range that vanished, or lie below the line while the whole doesn't; worst first, 16 at most."""
    found: list[Slice] = []
    for axis in part_axes(reference.shape, layout):
        found += _along(reference, candidate, axis, line, whole)
    return tuple(sorted(found, key=lambda part: (not part.vanished, part.cosine, part.axis, part.index))[:_MOST])


def _along(reference: Array, candidate: Array, axis: int, line: float, whole: float | None) -> list[Slice]:
    low, high, rr, cc, rc = _totals(reference, candidate, axis)
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
    elements = reference.size // reference.shape[axis]
    return [
        Slice(axis, int(i), elements, float(low[i]), float(high[i]), float(cosines[i]), bool(vanished[i]))
        for i in np.flatnonzero(worse)
    ]


def _totals(reference: Array, candidate: Array, axis: int) -> tuple[Array, Array, Array, Array, Array]:
    """Per index: lowest and highest of the reference, and the three sums of products; in blocks of bounded size."""
    length = reference.shape[axis]
    outer, inner = _size(reference.shape[:axis]), _size(reference.shape[axis + 1 :])
    views = [tensor.reshape(outer, length, inner) for tensor in (reference, candidate)]
    low, high = np.full(length, np.inf), np.full(length, -np.inf)
    rr, cc, rc = np.zeros(length), np.zeros(length), np.zeros(length)
    rows = max(1, _BLOCK // (length * inner)) if outer > 1 else outer
    columns = inner if outer > 1 else max(1, _BLOCK // length)
    for top in range(0, outer, rows):
        for left in range(0, inner, columns):
            r, c = (view[top : top + rows, :, left : left + columns].astype(np.float64) for view in views)
            aside = ~(np.isfinite(r) & np.isfinite(c))
            r[aside] = 0.0
            c[aside] = 0.0
            np.minimum(low, r.min(axis=(0, 2)), out=low)
            np.maximum(high, r.max(axis=(0, 2)), out=high)
            rr += np.einsum("aib,aib->i", r, r)
            cc += np.einsum("aib,aib->i", c, c)
            rc += np.einsum("aib,aib->i", r, c)
    return low, high, rr, cc, rc


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64)) if shape else 1
