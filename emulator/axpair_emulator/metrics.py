"""The two metrics of the vendor's score tables, by a way of their own: the host's comparison shares no code with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def cosine(first: Array, second: Array) -> float:
    """Cosine similarity in float64: 1 for equal arrays, 0 when just one is zero or a value isn't finite."""
    a, b = (array.astype(np.float64).ravel() for array in (first, second))
    if np.array_equal(a, b):
        return 1.0
    with np.errstate(all="ignore"):
        lengths = math.sqrt(float(a @ a)) * math.sqrt(float(b @ b))
        value = float(a @ b) / lengths if lengths else 0.0
    return max(-1.0, min(1.0, value)) if math.isfinite(value) else 0.0


def relative_error(reference: Array, other: Array) -> float:
    """2-norm of the difference over that of the reference; infinite when the reference is zero and they differ."""
    a, b = (array.astype(np.float64).ravel() for array in (reference, other))
    if np.array_equal(a, b):
        return 0.0
    with np.errstate(all="ignore"):
        length = float(np.linalg.norm(a))
        value = float(np.linalg.norm(a - b)) / length if length else math.inf
    return value if not math.isnan(value) else math.inf
