"""quantize: the float32 input of a joint to codes, in float64, which every CPU computes alike."""

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
