"""How much an output tells: whether it could be another answer's by chance."""

from typing import Any

import numpy as np

FEWEST_VALUES = 16
"""Different values below which a whole output may be equal by chance: a classifier that is sure of itself."""


def rich(tensor: "np.ndarray[Any, Any]") -> bool:
    """Whether the output takes so many values that it can't be another's by chance."""
    return int(np.unique(tensor).size) >= FEWEST_VALUES
