"""The cmodel's operators that divide, div and softmax, with another arithmetic after exact quotients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.site import Array, Kernel, Site
from axpair_emulator.faults.narrowing import Arithmetic


def div(site: Site, arithmetic: Arithmetic) -> Kernel:
    """Kind "div". What a zero denominator gives is no arithmetic, and stays."""
    a, b, y = site.tensor(0), site.tensor(1), site.y
    multiplier, shift = site.number("multiplier"), site.number("shift")
    lo, hi = site.number("lo"), site.number("hi")

    def run(operands: Sequence[Array]) -> Array:
        above, below = (
            operand.astype(np.int64) - tensor.zero_point for operand, tensor in zip(operands, (a, b), strict=True)
        )
        above = np.where(below < 0, -above, above)
        size = np.abs(below)
        quotients = arithmetic.of_quotients(multiplier * above, np.maximum(size, 1) << shift)
        codes = arithmetic.narrowed(quotients + y.zero_point, lo, hi, y.zero_point, y.top)
        beyond = np.where(above > 0, hi, np.where(above < 0, lo, y.zero_point))
        made: Array = np.where(size > 0, codes, beyond).astype(y.dtype)
        return made

    return run


def softmax(site: Site, arithmetic: Arithmetic) -> Kernel:
    """Kind "softmax". The exponentials are a table of the joint: those stay."""
    table = site.array("table").astype(np.int64)
    axis, multiplier, shift = site.number("axis"), site.number("multiplier"), site.number("shift")
    y = site.y

    def run(operands: Sequence[Array]) -> Array:
        x = operands[0].astype(np.int64)
        exponentials = table[x.max(axis=axis, keepdims=True) - x]
        total = exponentials.sum(axis=axis, keepdims=True)
        quotients = arithmetic.of_quotients(multiplier * exponentials, total << shift)
        codes: Array = arithmetic.narrowed(quotients + y.zero_point, 0, y.top, y.zero_point, y.top).astype(y.dtype)
        return codes

    return run
