"""div: a whole-number division of two tensors, in int64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.bounds import reach
from axpair_emulator.cmodel.session import Fragment
from axpair_emulator.cmodel.site import Array, Kernel, Site
from axpair_emulator.cmodel.tables import pair_fragment
from axpair_emulator.errors import EmulatorError


def div(site: Site) -> Kernel:
    """Prepare kind "div". Raises EmulatorError where numerator or denominator could leave int64."""
    a, b, y = site.tensor(0), site.tensor(1), site.y
    multiplier, shift = site.number("multiplier"), site.number("shift")
    lo, hi = site.number("lo"), site.number("hi")
    if 2 * reach(a) * multiplier + (reach(b) << (shift + 1)) >= 1 << 63:
        raise EmulatorError(f"the operator {site.op.name!r} (div) with shift {shift} doesn't fit 63 bits")

    def run(operands: Sequence[Array]) -> Array:
        above, below = (
            operand.astype(np.int64) - tensor.zero_point for operand, tensor in zip(operands, (a, b), strict=True)
        )
        size = np.abs(below)
        above = np.where(below < 0, -above, above)
        safe = np.maximum(size, 1)
        quotient = (2 * multiplier * above + (safe << shift)) // (safe << (shift + 1)) + y.zero_point
        beyond = np.where(above > 0, hi, np.where(above < 0, lo, y.zero_point))
        codes: Array = np.clip(np.where(size > 0, quotient, beyond), lo, hi).astype(y.dtype)
        return codes

    return run


def div_fragment(site: Site) -> Fragment | None:
    """Kind "div" as part of a graph: at 8 bits, a table of all pairs of codes."""
    return pair_fragment(site, div(site))
