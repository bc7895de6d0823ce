"""The score table of `pulsar run`: two metrics for every output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from axpair_emulator.metrics import cosine, relative_error
from axpair_emulator.tools.pulsar.table import table

Array = np.ndarray[Any, Any]


def compare(reference: Mapping[str, Array], other: Mapping[str, Array]) -> list[tuple[str, float, float]]:
    """Name, 2-norm relative error and cosine of every output, in the reference's order."""
    return [(name, relative_error(array, other[name]), cosine(array, other[name])) for name, array in reference.items()]


def score_table(scores: Iterable[tuple[str, float, float]]) -> str:
    """The table in the toolchain's words (log of `pulsar run`, 0.6.1.14)."""
    return table(
        [(f"Layer: {name}", f"2-norm RE: {error:.2%}", f"cosine-sim: {value:.4f}") for name, error, value in scores]
    )
