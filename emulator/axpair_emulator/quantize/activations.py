"""Scale and zero point of a tensor from the range of its values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from axpair_emulator.program import Tensor

SMALLEST_SCALE = 2.0**-60


def quantised_tensor(name: str, shape: tuple[int, ...], low: float, high: float, bits: int) -> Tensor:
    """A tensor whose codes span [low, high], widened to hold zero exactly; a range of nothing gets the scale 1."""
    low, high = min(low, 0.0), max(high, 0.0)
    top = (1 << bits) - 1
    scale = float(np.float32((high - low) / top))
    if not math.isfinite(scale) or scale < SMALLEST_SCALE:
        return Tensor(name, shape, 1.0, 0, bits)
    zero_point = min(max(math.floor(-low / scale + 0.5), 0), top)
    return Tensor(name, shape, scale, zero_point, bits)


def codes_of(values: np.ndarray[Any, Any], tensor: Tensor) -> np.ndarray[Any, Any]:
    """clamp(floor(value / scale + 0.5) + zero_point) in float64; NaN counts as 0, infinities saturate."""
    real = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
    steps = np.floor(real / tensor.scale + 0.5) + tensor.zero_point
    codes: np.ndarray[Any, Any] = np.clip(steps, 0, tensor.top).astype(tensor.dtype)
    return codes


def code_of(value: float, tensor: Tensor) -> int:
    """The code of one real value, saturated."""
    return int(codes_of(np.asarray([value]), tensor)[0])


def values_of_all_codes(tensor: Tensor) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The real value of every code, in order: 2^bits float64."""
    return (np.arange(tensor.top + 1, dtype=np.float64) - tensor.zero_point) * tensor.scale
