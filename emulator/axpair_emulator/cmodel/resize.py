"""resize_linear: weighted sums of two neighbours along each axis, in float64.

All sums are whole numbers below 2^53: codes below 2^16 times two weights of at most 2^18.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.bounds import FLOAT64
from axpair_emulator.cmodel.site import Array, Kernel, Site
from axpair_emulator.errors import EmulatorError


def resize_linear(site: Site) -> Kernel:
    """Prepare kind "resize_linear". Raises EmulatorError where sums could leave 2^53."""
    axes, bits = site.numbers("axes"), site.number("bits")
    if (site.x.top + 1) << (bits * len(axes)) > FLOAT64:
        raise EmulatorError(f"the operator {site.op.name!r} (resize_linear) with {bits} bits doesn't fit 53 bits")
    taps = [site.array(f"taps_{index}") for index in range(len(axes))]
    weights = [site.array(f"weights_{index}").astype(np.float64) for index in range(len(axes))]
    unit, rank, dtype = float(np.ldexp(1.0, -bits * len(axes))), len(site.y.shape), site.y.dtype
    zero = site.y.zero_point

    def run(operands: Sequence[Array]) -> Array:
        acc = operands[0].astype(np.float64)
        for axis, places, shares in zip(axes, taps, weights, strict=True):
            along = (-1, *(1,) * (rank - 1 - axis))
            acc = np.take(acc, places[:, 0], axis) * shares[:, 0].reshape(along) + np.take(
                acc, places[:, 1], axis
            ) * shares[:, 1].reshape(along)
        # Exact up to the rounding: all are whole numbers of units below 2^53. rint takes halves to even.
        codes: Array = (np.rint(acc * unit - zero) + zero).astype(dtype)
        return codes

    return run
