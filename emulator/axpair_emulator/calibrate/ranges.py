"""The range that a tensor's codes shall span, from what was observed."""

from __future__ import annotations

import numpy as np

from axpair_emulator.calibrate.observer import Observer

CLIP_FACTORS = np.linspace(1.0, 0.2, 41)


def extremes(observer: Observer) -> tuple[float, float]:
    """MIN_MAX: the smallest and largest value seen; (0, 0) when none was."""
    return (observer.low, observer.high) if observer.low <= observer.high else (0.0, 0.0)


def mse_clipped(observer: Observer, bits: int) -> tuple[float, float]:
    """MSE_CLIPPING: of 41 clip factors on either end or both, the range with the least squared error."""
    low, high = extremes(observer)
    low, high = min(low, 0.0), max(high, 0.0)
    used = observer.counts > 0
    if high <= low or not used.any():
        return low, high
    centres, weights = observer.centres()[used], observer.counts[used].astype(np.float64)
    top = (1 << bits) - 1
    best, chosen = np.inf, (low, high)
    for factor in CLIP_FACTORS:
        for start, end in dict.fromkeys(((low * factor, high * factor), (low, high * factor), (low * factor, high))):
            scale = (end - start) / top
            if scale <= 0.0:
                continue
            zero = np.floor(-start / scale + 0.5)
            codes = np.clip(np.floor(centres / scale + 0.5) + zero, 0, top)
            error = float((weights * ((codes - zero) * scale - centres) ** 2).sum())
            if error < best:
                best, chosen = error, (float(start), float(end))
    return chosen
