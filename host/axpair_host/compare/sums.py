"""The one pass over two tensors: chunks, float64, buffers that are used again.

Everything that a comparison needs is a sum, a count or an extreme over chunks, so that memory stays at a few hundred
kilobytes whatever the tensors' size.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Doubles = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

CHUNK = 16 * 1024
"""Elements at a time: the buffers stay within a core's cache."""
_DOT = 8 * 1024
"""Elements of one dot product: BLAS takes threads for more, and at this size they cost more than they bring."""
_SAFE_MAGNITUDE = (1e-140, 1e140)
"""Squares of doubles within these bounds neither vanish nor overflow; only float64 tensors can lie outside."""


@dataclass
class Sums:
    """Totals over the elements that are finite on both sides; differences are candidate minus reference.

    Where `scale` isn't 1 the values were multiplied by it first.
    """

    scale: float = 1.0
    elements: int = 0
    finite: int = 0
    differing: int = 0
    rr: float = 0.0
    cc: float = 0.0
    rc: float = 0.0
    dd: float = 0.0
    d: float = 0.0
    r: float = 0.0
    rising: int = 0
    falling: int = 0
    max_abs: float = 0.0
    max_abs_at: int = 0
    low: float = np.inf
    high: float = -np.inf
    beyond: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    """Elements at least 0.5, 1.5, 2.5 and 3.5 steps apart."""
    excess: float = 0.0
    """Largest |d| - rtol |reference|."""
    outside: int = 0
    highest_floor: float = -np.inf
    """Largest reference - tolerance: where this lies below `lowest_ceiling` a constant would pass."""
    lowest_ceiling: float = np.inf
    nan: list[int] = field(default_factory=lambda: [0, 0])
    inf: list[int] = field(default_factory=lambda: [0, 0])
    nonfinite_mismatches: int = 0


def total(reference: Array, candidate: Array, *, step: float, tolerance: tuple[float, float] | None = None) -> Sums:
    """Totals of two flat arrays of one length and dtype. `step` 0 counts no steps; `tolerance` is (atol, rtol)."""
    sums = Sums(elements=reference.size, scale=_scale(reference, candidate))
    size = min(CHUNK, reference.size)
    buffers = tuple(np.empty(size) for _ in range(4))
    mask = np.empty(size, dtype=np.bool_)
    for start in range(0, reference.size, CHUNK):
        pair = reference[start : start + CHUNK], candidate[start : start + CHUNK]
        _chunk(sums, start, pair, buffers, mask, step * sums.scale)
        held = buffers[0][: pair[0].size], buffers[3][: pair[0].size]
        if tolerance is not None:
            _hold_against(sums, *held, tolerance[0] * sums.scale, tolerance[1])
    return sums


def _chunk(
    sums: Sums,
    start: int,
    pair: tuple[Array, Array],
    buffers: tuple[Doubles, ...],
    mask: Flags,
    step: float,
) -> None:
    """Add one chunk; the buffers are left with reference, candidate, difference and its size."""
    count = pair[0].size
    r, c, d, size = (buffer[:count] for buffer in buffers)
    np.copyto(r, pair[0], casting="unsafe")
    np.copyto(c, pair[1], casting="unsafe")
    if sums.scale != 1.0:
        r *= sums.scale
        c *= sums.scale
    rr, cc = _dot(r, r), _dot(c, c)
    finite = count
    kept: Any = None
    if not (np.isfinite(rr) and np.isfinite(cc)):
        kept = _set_nonfinite_aside(sums, r, c)
        finite = int(np.count_nonzero(kept))
        rr, cc = _dot(r, r), _dot(c, c)
    sums.finite += finite
    sums.rr += rr
    sums.cc += cc
    if finite:
        inside = r if kept is None else r[kept]
        sums.low, sums.high = min(sums.low, float(inside.min())), max(sums.high, float(inside.max()))
        sums.r += float(r.sum())
    _subtract(pair, r, c, d, sums.scale)
    np.abs(d, out=size)
    largest = float(size.max())
    if largest > 0.0:
        if largest > sums.max_abs:
            sums.max_abs, sums.max_abs_at = largest, start + int(size.argmax())
        sums.rc += _dot(r, c)
        sums.dd += _dot(d, d)
        sums.d += float(d.sum())
        mask = mask[:count]
        rising = int(np.count_nonzero(np.greater(d, 0.0, out=mask)))
        falling = int(np.count_nonzero(np.less(d, 0.0, out=mask)))
        sums.rising += rising
        sums.falling += falling
        sums.differing += rising + falling
        if step > 0:
            for place, edge in enumerate((0.5, 1.5, 2.5, 3.5)):
                if largest < edge * step:
                    break
                sums.beyond[place] += int(np.count_nonzero(np.greater_equal(size, edge * step, out=mask)))
    else:
        sums.rc += rr


def _hold_against(sums: Sums, r: Doubles, size: Doubles, atol: float, rtol: float) -> None:
    magnitude = np.abs(r)
    allowed = atol + rtol * magnitude
    sums.outside += int(np.count_nonzero(size > allowed))
    sums.excess = max(sums.excess, float((size - rtol * magnitude).max()))
    sums.highest_floor = max(sums.highest_floor, float((r - allowed).max()))
    sums.lowest_ceiling = min(sums.lowest_ceiling, float((r + allowed).min()))


def _set_nonfinite_aside(sums: Sums, r: Doubles, c: Doubles) -> Flags:
    """Count NaN and Inf, put 0 in the place of every pair that has one, and say which pairs are finite."""
    nan_r, nan_c = np.isnan(r), np.isnan(c)
    inf_r, inf_c = np.isinf(r), np.isinf(c)
    for place, (nan, inf) in enumerate(((nan_r, inf_r), (nan_c, inf_c))):
        sums.nan[place] += int(np.count_nonzero(nan))
        sums.inf[place] += int(np.count_nonzero(inf))
    aside = nan_r | nan_c | inf_r | inf_c
    alike = (nan_r & nan_c) | (inf_r & inf_c & (r == c))
    unlike = int(np.count_nonzero(aside & ~alike))
    sums.nonfinite_mismatches += unlike
    sums.differing += unlike
    r[aside] = 0.0
    c[aside] = 0.0
    kept: Flags = ~aside
    return kept


def _subtract(pair: tuple[Array, Array], r: Doubles, c: Doubles, d: Doubles, scale: float) -> None:
    """candidate - reference; 64-bit integers in two halves, since doubles don't hold them exactly."""
    if pair[0].dtype.kind in "iu" and pair[0].dtype.itemsize == 8:
        low = np.array(0xFFFFFFFF, pair[0].dtype)
        high = (pair[1] >> 32).astype(np.float64) - (pair[0] >> 32).astype(np.float64)
        d[:] = high * 2.0**32 + ((pair[1] & low).astype(np.float64) - (pair[0] & low).astype(np.float64))
        d *= scale
    else:
        np.subtract(c, r, out=d)


def _dot(left: Doubles, right: Doubles) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        if left.size == CHUNK:
            rows = CHUNK // _DOT
            return float(np.matmul(left.reshape(rows, 1, _DOT), right.reshape(rows, _DOT, 1)).sum())
        return float(np.einsum("i,i->", left, right))


def _scale(reference: Array, candidate: Array) -> float:
    """A power of two that brings float64 tensors of extreme size near 1; 1.0 for all others."""
    if reference.dtype != np.float64:
        return 1.0
    peak = 0.0
    for tensor in (reference, candidate):
        for start in range(0, tensor.size, CHUNK):
            part = np.abs(tensor[start : start + CHUNK])
            part = part[np.isfinite(part)]
            peak = max(peak, float(part.max()) if part.size else 0.0)
    if peak == 0.0 or _SAFE_MAGNITUDE[0] < peak < _SAFE_MAGNITUDE[1]:
        return 1.0
    return float(2.0 ** -int(np.clip(np.floor(np.log2(peak)), -1000, 1000)))
