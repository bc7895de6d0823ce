"""Real multipliers as m / 2^s, within the bounds that `program.py` promises to the cmodel."""

from __future__ import annotations

import math

MULTIPLIER_BITS = 22
MAX_SHIFT = 52
DEAD = 2.0**-31
"""Below it even the largest accumulator (2^31) rounds to no step at all."""


def fixed_point(real: float, bits: int = MULTIPLIER_BITS) -> tuple[int, int]:
    """(m, s) with m < 2^bits and 1 <= s <= 52, m / 2^s nearest to `real`; (0, 1) below 2^-31.

    A multiplier of 2^(bits-1) or more saturates: only an output whose range is next to nothing has one.
    """
    if not real >= DEAD:
        return 0, 1
    fraction, exponent = math.frexp(real)
    multiplier = round(fraction * (1 << bits))
    if multiplier == 1 << bits:
        multiplier >>= 1
        exponent += 1
    shift = bits - exponent
    if shift < 1:
        return (1 << bits) - 1, 1
    if shift > MAX_SHIFT:
        return round(math.ldexp(real, MAX_SHIFT)), MAX_SHIFT
    return multiplier, shift


def common_shift(reals: tuple[float, ...], bits: int, max_shift: int) -> tuple[tuple[int, ...], int]:
    """Signed multipliers |m| < 2^bits on one shift 1 <= s <= max_shift, as precise as the largest allows."""
    largest = max(abs(real) for real in reals)
    shift = max_shift if largest <= 0 else min(max_shift, bits - math.frexp(largest)[1])
    shift = max(shift, 1)
    top = (1 << bits) - 1
    while True:
        multipliers = tuple(round(math.ldexp(real, shift)) for real in reals)
        if max(abs(multiplier) for multiplier in multipliers) <= top:
            return multipliers, shift
        if shift == 1:
            return tuple(max(-top, min(top, multiplier)) for multiplier in multipliers), 1
        shift -= 1
