"""What layers with weights read, sample by sample: mean and covariance of the values that meet a row of weights.

Of each sample some windows are taken at random places, the same in every build, so time and memory stay small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_emulator.quantize.rounding import Moments

WINDOWS = 128
"""Of each sample."""
LONGEST = 1152
"""Terms of a row beyond which only the mean is kept: a covariance takes 4 * terms^2 bytes."""
LARGEST = 1e15
"""A value whose squares, summed over windows and samples, still fit into float32."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Window:
    """How a layer reads its input. Without a kernel it is a matrix product over the last axis."""

    source: str
    """The float model's tensor that the layer reads."""
    kernel: tuple[int, ...] = ()
    """Two lengths."""
    strides: Sequence[int] = (1, 1)
    pads: Sequence[int] = (0, 0, 0, 0)
    dilations: Sequence[int] = (1, 1)
    group: int = 1
    transposed: bool = False

    def rows(self, values: Array, random: np.random.Generator) -> Array:
        """Some of the layer's windows on (N, C, H, W), (N, C, L) or (..., K) values: (groups, windows, terms)."""
        if not self.kernel:
            flat = values.reshape(-1, values.shape[-1])
            return flat[_some(len(flat), random)][None].astype(np.float32)
        image = values[:, :, None] if values.ndim == 3 else values
        image, strides = (self._spread(image), (1, 1)) if self.transposed else (self._padded(image), self.strides)
        extents = [(size - 1) * step + 1 for size, step in zip(self.kernel, self.dilations, strict=True)]
        views = np.lib.stride_tricks.sliding_window_view(image, extents, axis=(2, 3))
        views = views[:, :, :: strides[0], :: strides[1], :: self.dilations[0], :: self.dilations[1]]
        batch, _, height, width = views.shape[:4]
        places = np.unravel_index(_some(batch * height * width, random), (batch, height, width))
        taken = views[places[0], :, places[1], places[2]]
        if self.transposed:  # the kernel's last tap meets a window's first value
            taken = taken[..., ::-1, ::-1]
        split = taken.reshape(len(taken), self.group, -1).transpose(1, 0, 2)
        return np.ascontiguousarray(split, np.float32)

    def _padded(self, image: Array) -> Array:
        top, left, bottom, right = self.pads
        return np.pad(image, ((0, 0), (0, 0), (top, bottom), (left, right)))

    def _spread(self, image: Array) -> Array:
        """The image that an ordinary convolution with the turned kernel has to read: zeros between its values."""
        batch, channels, *lengths = image.shape
        reach = [(size - 1) * step for size, step in zip(self.kernel, self.dilations, strict=True)]
        longer = [(length - 1) * stride + 1 for length, stride in zip(lengths, self.strides, strict=True)]
        spread = np.zeros((batch, channels, *(a + 2 * b for a, b in zip(longer, reach, strict=True))), np.float32)
        rows, columns = (
            slice(first, first + length, stride)
            for first, length, stride in zip(reach, longer, self.strides, strict=True)
        )
        spread[:, :, rows, columns] = image
        top, left, bottom, right = self.pads
        return spread[:, :, top : spread.shape[2] - bottom, left : spread.shape[3] - right]


class WindowObserver:
    """Sees the input of one layer, sample by sample."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.source = window.source
        self._random = np.random.default_rng(0)
        self._count = 0
        self._sum: Array = np.zeros(1)
        self._products: Array | None = None

    def see(self, values: Array) -> None:
        """Takes one sample's values; it passes unseen where they aren't finite, or where their squares may not be."""
        rows = self._window.rows(values, self._random)
        if not (np.abs(rows) <= LARGEST).all():
            return
        if not self._count:
            self._sum = np.zeros((rows.shape[0], rows.shape[2]))
            if rows.shape[2] <= LONGEST:
                self._products = np.zeros((rows.shape[0], rows.shape[2], rows.shape[2]), np.float32)
        self._count += rows.shape[1]
        self._sum += rows.sum(axis=1, dtype=np.float64)
        if self._products is not None:
            self._products += rows.transpose(0, 2, 1) @ rows

    def moments(self) -> Moments | None:
        """What was seen; None when nothing was."""
        if not self._count:
            return None
        mean = self._sum / self._count
        if self._products is None:
            return Moments(mean, None)
        covariance = self._products / np.float32(self._count)
        covariance -= (mean[:, :, None] * mean[:, None, :]).astype(np.float32)
        return Moments(mean, covariance)


def moments_of(observers: Mapping[str, WindowObserver]) -> dict[str, Moments]:
    """By the same keys, what was seen; observers that saw nothing are left out."""
    found = {name: observer.moments() for name, observer in observers.items()}
    return {name: moments for name, moments in found.items() if moments is not None}


def _some(count: int, random: np.random.Generator) -> Array:
    return random.choice(count, min(count, WINDOWS), replace=False)
