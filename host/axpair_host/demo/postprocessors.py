"""The demo's two post-processors: what a user's own one looks like, and one with a mistake that tensors can't show.

`axpair pair --postprocess axpair_host.demo.postprocessors:angle`
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

LABELS = (0, 90, 180, 270)
"""Degrees clockwise by which the page is turned, in the order of the model's four outputs (its own metadata)."""


def angle(outputs: "Mapping[str, np.ndarray[Any, Any]]") -> int:
    """Name the angle with the highest score. `outputs`: one tensor of four scores."""
    return LABELS[_best(outputs)]


def angle_with_rotated_labels(outputs: "Mapping[str, np.ndarray[Any, Any]]") -> int:
    """The same with its labels rotated by one place: every answer is wrong, however right the tensors are."""
    return (*LABELS[1:], LABELS[0])[_best(outputs)]


def _best(outputs: "Mapping[str, np.ndarray[Any, Any]]") -> int:
    (scores,) = outputs.values()
    return int(np.argmax(scores.reshape(-1)))
