"""How much of a layer lies beyond its calibrated range, and how much of its error comes from there."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from axpair_proto.capabilities import LayerTensor

Array = np.ndarray[Any, Any]
SAMPLED = 100_000
"""Elements that are enough to know a share of them."""


@dataclass(frozen=True)
class Clipping:
    """0 and 0 where nothing is cut off."""

    share: float
    """Of the elements, those that the float model has beyond the calibrated range while the quantised tensor stands at
    its end."""
    noise: float
    """Of the power of the layer's error, what is in those elements: more bits don't mend it."""


def clipping(reference: Array, quantised: LayerTensor) -> Clipping:
    """The float model's tensor against the layer's alone, fed with the float model's; a sample of the elements.

    What the values span says nothing of the range: without its limits nothing is said. Infinite values have no place
    in any range and aren't cut off.
    """
    if not reference.size or reference.size != quantised.values.size or quantised.limits is None:
        return Clipping(0.0, 0.0)
    every = slice(None, None, max(1, reference.size // SAMPLED))
    wanted, given = (tensor.reshape(-1)[every].astype(np.float64) for tensor in (reference, quantised.values))
    (low, high), step = quantised.limits, quantised.step
    cut = (wanted > high + step) & (given >= high - step) | (wanted < low - step) & (given <= low + step)
    finite = np.isfinite(wanted) & np.isfinite(given)
    cut &= finite
    noise = np.where(finite, (wanted - given) ** 2, 0.0)
    total = float(noise.sum())
    if total == 0:
        return Clipping(float(cut.mean()), 0.0)
    return Clipping(float(cut.mean()), float(noise[cut].sum()) / total)
