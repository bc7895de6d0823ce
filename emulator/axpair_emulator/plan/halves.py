"""Scales nudged so that values don't fall half-way between two codes.

Where one scale is half of another, or bytes lie evenly around zero, a good part of all values is exactly half-way.
Which way those go is then a matter of taste, and float arithmetic decides by its last bit: two right engines differ
by a step in the same direction, all over the tensor. A slightly larger scale spreads the values out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from axpair_emulator.config.build_config import InputConf
from axpair_emulator.program import Tensor

SHARE = 1 / 16
"""So many values half-way are too many."""
_NEAR = 2.0**-10
_BYTES = 256 / 255
_SUM = 1 + 2.0**-10


def off_halves_of_bytes(tensor: Tensor, conf: InputConf) -> Tensor:
    """The input's tensor, with a larger scale if too many of the values of its bytes, or of other whole numbers, were
    half-way between codes."""
    gain, offset = conf.gain_and_offset()
    limits = np.iinfo(conf.dst_dtype)
    values = np.arange(limits.min, limits.max + 1)[None, :] * gain[:, None] + offset[:, None]
    low, high = -tensor.zero_point - 1, tensor.top - tensor.zero_point + 1
    for _ in range(4):
        steps = values / tensor.scale
        steps = steps[(steps >= low) & (steps <= high)]
        if np.mean(np.abs(steps - np.floor(steps) - 0.5) < _NEAR) < SHARE:
            break
        tensor = _widened(tensor, _BYTES)
    return tensor


def off_halves_of_sum(tensor: Tensor, operands: Iterable[Tensor]) -> Tensor:
    """A sum's tensor, with a larger scale if an operand's step is an odd number of halves, quarters, ... of its own."""
    scales = [operand.scale for operand in operands]
    for _ in range(4):
        if not any(_dyadic(scale / tensor.scale) for scale in scales):
            break
        tensor = _widened(tensor, _SUM)
    return tensor


def _dyadic(ratio: float) -> bool:
    """Whether the ratio is next to a fraction whose denominator is 2, 4, 8 or 16."""
    sixteenths = round(ratio * 16)
    return sixteenths % 16 != 0 and math.isclose(ratio * 16, sixteenths, rel_tol=2.0**-12)


def _widened(tensor: Tensor, factor: float) -> Tensor:
    return replace(tensor, scale=float(np.float32(tensor.scale * factor)))
