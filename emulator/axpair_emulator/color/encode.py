"""Pictures as the bytes that cameras give: NV12, NV21 and BGR0, in whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from axpair_emulator.color.standards import Swing

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
_SHIFT = 16


def semi_planar(rgb: Pixels, swing: Swing, *, v_first: bool) -> Pixels:
    """NV12 (or NV21: `v_first`) of a picture (height, width, RGB) of even size: (height * 3/2, width).

    Luma of every pixel, rounded; chroma of the mean of two by two pixels, rounded once.
    """
    height, width, _ = rgb.shape
    luma, blue, red = whole_numbers(swing).tolist()
    wide = rgb.astype(np.int64)
    blocks = wide.reshape(height // 2, 2, width // 2, 2, 3).sum(axis=(1, 3))
    planes = [
        ((wide @ luma + (1 << _SHIFT - 1)) >> _SHIFT) + swing.black,
        *(((blocks @ row + (1 << _SHIFT + 1)) >> _SHIFT + 2) + 128 for row in (blue, red)),
    ]
    y, u, v = (np.clip(plane, 0, 255).astype(np.uint8) for plane in planes)
    pairs = np.stack([v, u] if v_first else [u, v], axis=-1)
    return np.concatenate([y, pairs.reshape(height // 2, width)])


def whole_numbers(swing: Swing) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows Y, U, V times 2^16, green made so that white is exactly white and grey exactly colourless."""
    real = swing.from_rgb() * (1 << _SHIFT)
    whole = np.rint(real).astype(np.int64)
    whole[:, 1] = np.rint(real.sum(axis=1)).astype(np.int64) - whole[:, 0] - whole[:, 2]
    return whole


def padded(bgr: Pixels) -> Pixels:
    """BGR0: a fourth byte of zero behind every pixel."""
    return np.concatenate([bgr, np.zeros_like(bgr[:, :, :1])], axis=2)
