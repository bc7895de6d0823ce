"""Faces from centerface's four maps: peaks of the heat map, boxes from sizes and offsets, NMS.

The maps are in a grid of 4 pixels: 537 heat (sigmoid is part of the model), 538 log of height and width, 539 offsets
of y and x, 540 landmarks, which aren't used here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
STRIDE = 4
MOST_PEAKS = 200
MOST_FACES = 20
HEAT, SIZE, OFFSET = "537", "538", "539"


def as_it_is(array: Array) -> Array:
    """Changes nothing."""
    return array


@dataclass(frozen=True)
class FaceReader:
    """Every field is a place where one goes wrong; the defaults are right for outputs in NHWC."""

    q: Mapping[str, float]
    """What integer outputs are divided by, by name."""
    read: Callable[[Array], Array] = as_it_is
    """How an output's bytes are looked at; must give NHWC."""
    activate: Callable[[Array], Array] = as_it_is
    """What is done to the heat map."""
    sizes: str = SIZE
    offsets: str = OFFSET
    threshold: float = 0.3
    label: str = "face"
    stride: int = STRIDE

    def __call__(self, outputs: Mapping[str, Array]) -> list[dict[str, Any]]:
        """Boxes in pixels of the network's input, best first."""
        maps = {name: self.read(array)[0].astype(np.float64) / self.q.get(name, 1.0) for name, array in outputs.items()}
        heat = self.activate(maps[HEAT])[..., 0]
        found = []
        peaks = np.argwhere(heat > self.threshold)
        best = np.argsort(-heat[tuple(peaks.T)], kind="stable")[:MOST_PEAKS]
        for row, column in peaks[best]:
            high, wide = np.exp(np.clip(maps[self.sizes][row, column], -20, 20)) * self.stride
            down, right = maps[self.offsets][row, column]
            y, x = (row + down + 0.5) * self.stride, (column + right + 0.5) * self.stride
            box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
            found.append((float(heat[row, column]), box))
        return [
            {"label": self.label, "score": round(score, 4), "box": [round(float(value), 1) for value in box]}
            for score, box in _suppressed(sorted(found, key=lambda one: -one[0]))
        ]


def taken_for_nchw(array: Array) -> Array:
    """NHWC bytes read as NCHW, and put where NHWC would be."""
    n, h, w, c = array.shape
    return np.ascontiguousarray(array.reshape(n, c, h, w).transpose(0, 2, 3, 1))


def sigmoid(array: Array) -> Array:
    """For heat maps that don't come through it."""
    return np.asarray(1 / (1 + np.exp(-np.clip(array, -60, 60))))


def _suppressed(
    found: list[tuple[float, tuple[float, ...]]], overlap: float = 0.3
) -> list[tuple[float, tuple[float, ...]]]:
    kept: list[tuple[float, tuple[float, ...]]] = []
    for score, box in found:
        if len(kept) == MOST_FACES:
            break
        if all(_iou(box, other) < overlap for _, other in kept):
            kept.append((score, box))
    return kept


def _iou(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return wide * high / (areas - wide * high)
