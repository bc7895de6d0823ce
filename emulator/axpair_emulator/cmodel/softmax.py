"""softmax on int64: the exponentials are a table of the joint, the quotient is a whole-number division."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.site import Array, Kernel, Site
from axpair_emulator.errors import EmulatorError


def softmax(site: Site) -> Kernel:
    """Prepare kind "softmax". Raises EmulatorError where the sums could leave int64."""
    table = site.array("table").astype(np.int64)
    axis, multiplier, shift = site.number("axis"), site.number("multiplier"), site.number("shift")
    largest = int(table.max())
    terms = site.x.shape[axis]
    if max(2 * largest * multiplier, 0) + terms * largest * (1 << (shift + 1)) >= 1 << 63 or not largest:
        raise EmulatorError(
            f"the operator {site.op.name!r} (softmax) of {terms} terms up to {largest} with shift {shift} "
            "doesn't fit 63 bits"
        )
    zero, top, dtype = site.y.zero_point, site.y.top, site.y.dtype

    def run(operands: Sequence[Array]) -> Array:
        x = operands[0].astype(np.int64)
        exponentials = table[x.max(axis=axis, keepdims=True) - x]
        total = exponentials.sum(axis=axis, keepdims=True)
        quotient = (2 * multiplier * exponentials + (total << shift)) // (total << (shift + 1))
        codes: Array = np.clip(quotient + zero, 0, top).astype(dtype)
        return codes

    return run
