"""yuv_planes and color_matrix: what cameras give, as the picture that a model takes. All in int32."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.site import Array, Kernel, Site


def yuv_planes(site: Site) -> Kernel:
    """Prepare kind "yuv_planes"."""
    shape, v_first = site.y.shape, site.number("v_first")
    height = shape[2]

    def run(operands: Sequence[Array]) -> Array:
        (x,) = operands
        planes = np.empty(shape, np.uint8)
        planes[:, 0] = x[:, 0, :height]
        pairs = x[:, 0, height:]
        for channel in (1, 2):
            first = (channel == 1) != bool(v_first)
            chroma = pairs[:, :, 0 if first else 1 :: 2]
            for row in (0, 1):
                for column in (0, 1):
                    planes[:, channel, row::2, column::2] = chroma
        return planes

    return run


def color_matrix(site: Site) -> Kernel:
    """Prepare kind "color_matrix"."""
    made, given = site.y.shape[1], site.x.shape[1]
    rows = np.array(site.numbers("matrix"), np.int32).reshape(made, given)
    shift = site.number("shift")
    starts = [offset + (1 << (shift - 1)) for offset in site.numbers("offsets")]
    shape = site.y.shape

    def run(operands: Sequence[Array]) -> Array:
        (x,) = operands
        picture = np.empty(shape, np.uint8)
        for channel, (row, start) in enumerate(zip(rows, starts, strict=True)):
            total = np.full((shape[0], *shape[2:]), start, np.int32)
            for index, factor in enumerate(row):
                if factor:
                    total += x[:, index].astype(np.int32) * factor
            picture[:, channel] = np.clip(total >> shift, 0, 255)
        return picture

    return run
