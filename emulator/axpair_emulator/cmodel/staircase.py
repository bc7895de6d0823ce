"""Requantisation to 8 bits in one float32 step, proven equal to the whole-number rule channel by channel.

The rule turns an accumulator into one of 256 codes; as the accumulator rises, the code never falls: a staircase. So
is the float32 step round(acc / scale) + zp, because division and rounding are monotone. Two staircases are equal if
they agree on both sides of every stair of one of them, which is what is checked here, for several scales next to
2^s / m until one passes. Channels for which none does are left to `requant.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from axpair_emulator.cmodel.requant import Rule
from axpair_emulator.cmodel.site import Array

_NEIGHBOURS = (0, 1, -1, 2, -2, 3, -3, 4, -4)
"""Scales tried: so many float32 numbers away from the nearest one."""


def proven_scales(rule: Rule, bounds: Array) -> tuple[Array, Array]:
    """Scales (float32) and whether each is proven, for accumulators up to `bounds` in magnitude, below 2^24.

    The float32 step clamps to 0..255; the clamp to lo..hi has to follow.
    """
    points, wanted = _stairs(rule, bounds)
    with np.errstate(divide="ignore"):
        nearest = (np.ldexp(1.0, rule.shift) / rule.multiplier).astype(np.float32)
    # A dead channel gives the zero point whatever the scale.
    nearest[rule.multiplier == 0] = np.finfo(np.float32).max
    scales = nearest.copy()
    open_channels = np.arange(len(rule))
    for steps in _NEIGHBOURS:
        tried = (nearest[open_channels].view(np.int32) + np.int32(steps)).view(np.float32)
        got = quantised(points[open_channels].astype(np.float32), tried[:, None], rule.zero_point)
        good = (np.clip(got, rule.lo, rule.hi) == wanted[open_channels]).all(axis=1)
        scales[open_channels[good]] = tried[good]
        open_channels = open_channels[~good]
        if not len(open_channels):
            break
    proven = np.ones(len(rule), bool)
    proven[open_channels] = False
    return scales, proven


def quantised(acc: Array, scale: Array | np.floating[Any], zero_point: int) -> Array:
    """The float32 step as ONNX defines QuantizeLinear to uint8: divide, round half to even, add, clamp."""
    codes: Array = np.clip(np.rint(acc / scale) + np.float32(zero_point), 0, 255)
    return codes


def _stairs(rule: Rule, bounds: Array) -> tuple[Array, Array]:
    """Accumulators on both sides of each stair within the bounds, and their codes; both int64 (channels, points)."""
    multiplier, shift = rule.multiplier[:, None], rule.shift[:, None]
    levels = np.arange(rule.lo + 1, rule.hi + 1) - rule.zero_point
    # acc * m + 2^(s-1) >= level * 2^s, solved for the least acc.
    first = -((np.left_shift(np.int64(1), shift - 1) - np.left_shift(levels, shift)) // np.maximum(multiplier, 1))
    edge = bounds[:, None]
    points = np.concatenate([first - 1, first, -edge, edge], axis=1)
    points = np.clip(points, -edge, edge)
    return points, rule.codes(points)
