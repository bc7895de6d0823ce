"""quantize and affine: inputs of a joint that aren't bytes to codes.

Float32 goes through float64, which every CPU computes alike; whole numbers through int64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.site import Array, Kernel, Site


def quantize(site: Site) -> Kernel:
    """Prepare kind "quantize". NaN becomes the zero point, infinities the ends of the range."""
    scale, zero, top, dtype = float(site.y.scale), site.y.zero_point, site.y.top, site.y.dtype

    def run(operands: Sequence[Array]) -> Array:
        steps = np.floor(operands[0].astype(np.float64) / scale + 0.5) + zero
        codes: Array = np.clip(np.where(np.isnan(steps), zero, steps), 0, top).astype(dtype)
        return codes

    return run


def affine(site: Site) -> Kernel:
    """Prepare kind "affine"."""
    axes = len(site.y.shape)
    spread = (-1, 1, 1) if axes == 4 else (-1,)
    multiplier, offset = (site.array(role).astype(np.int64).reshape(spread) for role in ("multiplier", "offset"))
    shift, zero, top, dtype = site.number("shift"), site.y.zero_point, site.y.top, site.y.dtype
    offset = offset + (1 << (shift - 1))

    def run(operands: Sequence[Array]) -> Array:
        steps = np.right_shift(operands[0].astype(np.int64) * multiplier + offset, shift) + zero
        codes: Array = np.clip(steps, 0, top).astype(dtype)
        return codes

    return run
