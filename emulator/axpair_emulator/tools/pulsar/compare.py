"""The score table of `pulsar run`: two metrics for every output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from axpair_emulator.metrics import cosine, relative_error
from axpair_emulator.score import Score

Array = np.ndarray[Any, Any]


def compare(reference: Mapping[str, Array], other: Mapping[str, Array]) -> list[Score]:
    """The scores of every output, in the reference's order."""
    return [
        Score(name, cosine(array, other[name]), relative_error(array, other[name])) for name, array in reference.items()
    ]
