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
    """Norm of the difference as a share of the reference's; infinite against a reference of zeros."""
    wide = reference.astype(np.float64)
    norm = float(np.linalg.norm(wide))
    distance = float(np.linalg.norm(tensor.astype(np.float64) - wide))
    return distance / norm if norm else (float("inf") if distance else 0.0)
