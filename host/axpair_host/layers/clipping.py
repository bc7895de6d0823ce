"""How much of a layer lies beyond its calibrated range, and how much of its error comes from there."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SAMPLED = 100_000
"""Elements that are enough to know a share of them."""


@dataclass(frozen=True)
class Clipping:
    """0 and 0 where nothing is cut off."""

    share: float
    """Of the elements, those that the float model has beyond the quantised tensor's end while that stands at its
    end."""
    noise: float
    """Of the power of the layer's error, what is in those elements: more bits don't mend it."""


def clipping(reference: Array, quantised: Array, step: float) -> Clipping:
    """The float model's tensor against the layer's alone, fed with the float model's; `step` is its quantisation
    step. A sample of the elements is looked at. A tensor that collapsed has no end to be cut off at."""
    if not reference.size or reference.size != quantised.size:
        return Clipping(0.0, 0.0)
    every = slice(None, None, max(1, reference.size // SAMPLED))
    wanted, given = (tensor.reshape(-1)[every].astype(np.float64) for tensor in (reference, quantised))
    low, high = float(quantised.min()), float(quantised.max())
    if not high > low:
        return Clipping(0.0, 0.0)
    cut = (wanted > high + step) & (given >= high - step) | (wanted < low - step) & (given <= low + step)
    noise = np.where(np.isfinite(wanted) & np.isfinite(given), (wanted - given) ** 2, 0.0)
    total = float(noise.sum())
    if total == 0:
        return Clipping(float(cut.mean()), 0.0)
    return Clipping(float(cut.mean()), float(noise[cut].sum()) / total)
