"""Recognizes integers that are a float tensor's values as codes: value = scale * (code - zero point).

Simulators hand out real values where devices hand out codes, with a scale and a zero point that nobody wrote down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from axpair_proto.sentences import say

Array = np.ndarray[Any, Any]

_FEWEST_CODES = 8
"""Different codes; fewer lie on some line by chance."""
_FEWEST = 16
"""Elements."""
_HALF = 0.55
"""Steps by which rounding moves a value, with room for the line that is fitted."""
_SHARE = 0.95
"""Of the elements, those that lie on the line; the rest may be off by more, as between simulator and device."""


@dataclass(frozen=True)
class AffineCodes:
    """What the codes stand for."""

    scale: float
    zero_point: float
    dtype: str
    off: int
    """Elements that are further than half a step from the line, those beyond the ends of the codes' range apart."""
    cut: int
    """Elements beyond those ends, which have the last code there."""
    values: Array
    """The codes as real values, in the float tensor's shape and dtype."""

    @property
    def words(self) -> str:
        """A clause: the formula, and how well it holds."""
        held = say("every one") if not self.off else say("all but {off} of {size}", off=self.off, size=self.values.size)
        cut = say(", {cut} of them beyond the last code", cut=self.cut) if self.cut else ""
        return say(
            "value = {scale:.6g} * (code - {zero_point:g}), {held} within half a step{cut}",
            scale=self.scale,
            zero_point=self.zero_point,
            held=held,
            cut=cut,
        )


def affine_codes(values: Array, codes: Array) -> AffineCodes | None:
    """The line on which integers of 8 or 16 bit (or their bytes as flat uint8) are the codes of a float tensor of as
    many elements; None where there is none."""
    if values.dtype.kind != "f" or values.size < _FEWEST or not np.isfinite(values).all():
        return None
    fits = (_fit(values, one) for one in _readings(codes, values.size))
    return next((one for one in fits if one is not None), None)


def _readings(codes: Array, size: int) -> Iterator[Array]:
    """The integers as they are typed, then with the other sign, then as pairs of bytes."""
    flat = np.ascontiguousarray(codes).reshape(-1)
    if flat.dtype.kind not in "iu" or flat.dtype.itemsize > 2:
        return
    if flat.size == size:
        yield flat
        yield flat.view(f"{'i' if flat.dtype.kind == 'u' else 'u'}{flat.dtype.itemsize}")
    elif flat.dtype == np.uint8 and flat.size == 2 * size:
        yield flat.view("<u2")
        yield flat.view("<i2")


def _fit(values: Array, codes: Array) -> AffineCodes | None:
    limits = np.iinfo(codes.dtype)
    wanted, given = values.reshape(-1).astype(np.float64), codes.astype(np.float64)
    inner = (codes > limits.min) & (codes < limits.max)  # what lies beyond the ends is cut off there
    if np.count_nonzero(inner) < _FEWEST or np.unique(codes[inner]).size < _FEWEST_CODES:
        return None
    middle, level = float(given[inner].mean()), float(wanted[inner].mean())
    apart = given[inner] - middle
    scale = float(apart @ (wanted[inner] - level)) / float(apart @ apart)
    if not scale > 0 or not np.isfinite(scale):
        return None
    zero = middle - level / scale
    whole = float(round(zero))
    from_zero = given[inner] - whole
    through = float(from_zero @ wanted[inner]) / float(from_zero @ from_zero)  # the line on which `whole` is 0.0
    lines = [_Line(wanted, given, limits, *one) for one in ((through, whole), (scale, zero)) if one[0] > 0]
    best = min(lines, key=lambda one: one.off)  # the first of equals: a zero point is mostly a whole number
    if best.off > (1 - _SHARE) * codes.size:
        return None
    real = ((given - best.zero) * best.scale).astype(values.dtype).reshape(values.shape)
    return AffineCodes(best.scale, best.zero, codes.dtype.name, best.off, best.cut, real)


class _Line:
    """How well codes lie on one line."""

    def __init__(self, wanted: Array, given: Array, limits: "np.iinfo[Any]", scale: float, zero: float) -> None:
        self.scale, self.zero = scale, zero
        steps = wanted / scale + zero - given
        beyond = np.abs(steps) > _HALF
        cut = beyond & (((given == limits.min) & (steps < 0)) | ((given == limits.max) & (steps > 0)))
        self.cut = int(np.count_nonzero(cut))
        self.off = int(np.count_nonzero(beyond & ~cut))
