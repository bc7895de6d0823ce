"""2-norm relative error alone, for telling quickly which of many tensors is near another."""

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def worst_error(reference: Mapping[str, Array], tensors: Mapping[str, Array]) -> float:
    """Largest 2-norm relative error of any output that both have; infinite where they have none alike."""
    errors = [
        relative_error(reference[name], tensors[name])
        for name in reference
        if name in tensors and reference[name].shape == tensors[name].shape
    ]
    return max(errors, default=float("inf"))


def relative_error(reference: Array, tensor: Array) -> float:
    """Norm of the difference as a share of the reference's; infinite against a reference of zeros, and where one side
    alone has NaN or Inf. Elements where both have the same of these are left out. Never NaN."""
    wide, other = reference.astype(np.float64), tensor.astype(np.float64)
    finite = np.isfinite(wide)
    if not finite.all() or not np.isfinite(other).all():
        if not np.array_equal(wide[~finite], other[~finite], equal_nan=True) or not np.isfinite(other[finite]).all():
            return float("inf")
        wide, other = wide[finite], other[finite]
    norm = float(np.linalg.norm(wide))
    distance = float(np.linalg.norm(other - wide))
    return distance / norm if norm else (float("inf") if distance else 0.0)
