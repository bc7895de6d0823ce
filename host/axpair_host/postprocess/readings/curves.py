"""Activations and their inverses on real values, along an axis where they have one."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Curve = Callable[[Array, int], Array]


def sigmoid(real: Array, axis: int) -> Array:
    """Of any values, without overflow."""
    curve: Array = 0.5 * (1 + np.tanh(real / 2))
    return curve


def logit(real: Array, axis: int) -> Array:
    """The inverse of sigmoid; what lies at or beyond 0 and 1 becomes large, not infinite."""
    share = np.clip(real, 1e-7, 1 - 1e-7)
    return np.asarray(np.log(share / (1 - share)))


def softmax(real: Array, axis: int) -> Array:
    """Shares that sum to 1 along the axis."""
    raised = np.exp(real - real.max(axis=axis, keepdims=True))
    shares: Array = raised / raised.sum(axis=axis, keepdims=True)
    return shares


def log(real: Array, axis: int) -> Array:
    """An inverse of softmax."""
    return np.asarray(np.log(np.clip(real, 1e-12, None)))
