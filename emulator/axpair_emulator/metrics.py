"""The two metrics of the vendor's score tables, by a way of their own: the host's comparison shares no code with it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
BLOCK = 1 << 22
"""Elements."""


def cosine(first: Array, second: Array) -> float:
    """Cosine similarity in float64: 1 for equal arrays, 0 when just one is zero or a value isn't finite."""
    if np.array_equal(first, second):
        return 1.0
    products = lengths = others = 0.0
    with np.errstate(all="ignore"):
        for a, b in _blocks(first, second):
            products, lengths, others = products + float(a @ b), lengths + float(a @ a), others + float(b @ b)
    both = math.sqrt(lengths) * math.sqrt(others)
    value = products / both if both else 0.0
    return max(-1.0, min(1.0, value)) if math.isfinite(value) else 0.0


def relative_error(reference: Array, other: Array) -> float:
    """2-norm of the difference over that of the reference; infinite when the reference is zero and they differ."""
    if np.array_equal(reference, other):
        return 0.0
    length = difference = 0.0
    with np.errstate(all="ignore"):
        for a, b in _blocks(reference, other):
            length += float(a @ a)
            b -= a
            difference += float(b @ b)
    value = math.sqrt(difference) / math.sqrt(length) if length else math.inf
    return value if not math.isnan(value) else math.inf


def _blocks(first: Array, second: Array) -> Iterator[tuple[Array, Array]]:
    """Both in float64, a part at a time, so that large arrays don't cost four times their memory."""
    a, b = first.ravel(), second.ravel()
    for start in range(0, max(a.size, b.size), BLOCK):
        yield a[start : start + BLOCK].astype(np.float64), b[start : start + BLOCK].astype(np.float64)
