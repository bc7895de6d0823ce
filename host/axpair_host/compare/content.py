"""What an output holds, as the float model's values show it: which measures beside the cosine say something of it.

Names are never asked: shape, range, mean and neighborhood decide, and where they don't, nothing is assumed.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from axpair_proto.sentences import say

from axpair_host.compare.constant import far_constant

Array = np.ndarray[Any, Any]
Kind = Literal["picture", "vector", "masked", ""]
"""picture: pixels within 0..255 or 0..1. vector: one row of features, an embedding perhaps. masked: a huge constant in
some places, such as -1e9, and ordinary values in the others. "": none of these."""

_CHANNELS = (1, 3, 4)
_SMALLEST_SIDE = 16
_BEYOND = 0.02
"""Of the peak: how far pixels may lie outside their range."""
_PEAKS = ((1.0, 0.5), (255.0, 128.0))
"""Largest pixel, and the value that a picture of that range reaches at least."""
_PICTURE_MEAN = 0.5
"""Mean by root mean square: values around 0 are no pixels."""
_AT_THE_ENDS = 0.5
"""Share of pixels at either end of their range from which on it is a mask or a print, and no picture."""
LONGEST_VECTOR = 8192
_SHORTEST_VECTOR = 32


@dataclass(frozen=True)
class Content:
    """Numbers are in the tensor's own units."""

    kind: Kind = ""
    peak: float = 0.0
    """Of a picture: the largest value that a pixel can have."""
    layout: str = ""
    """Of a picture: where its channels are, "NHWC" or "NCHW"."""
    certain: bool = True
    """Of a picture: False for one channel within 0..1, which may be depth or probability as well."""
    unit_length: bool = False
    """Of a vector: whether it was normalized."""
    constant: float = 0.0
    """Of a masked tensor."""

    @property
    def words(self) -> str:
        """In a few words; "" where nothing is known of it."""
        if self.kind == "picture":
            return say("a picture within 0..{peak:g}", peak=self.peak)
        if self.kind == "vector":
            return say("a vector of length 1") if self.unit_length else say("a vector of features")
        return say("values beside the constant {constant:.4g}", constant=self.constant) if self.kind == "masked" else ""


NOTHING_KNOWN = Content()


def content_of(tensor: Array, layout: str = "", unit: float = 1.0) -> Content:
    """What the float model's tensor holds. `layout` is "NHWC", "NCHW" or "" where it isn't known; `unit` is what 1.0 is
    in the tensor (an output's Q)."""
    if tensor.dtype.kind not in "fiu" or not tensor.size or not np.isfinite(tensor).all():
        return NOTHING_KNOWN
    return _masked(tensor, unit) or _picture(tensor, layout, unit) or _vector(tensor, unit) or NOTHING_KNOWN


def hidden_by(constant: float, tensor: Array) -> Array:
    """Where a masked tensor has values other than that constant: bool, the tensor's shape."""
    beside: Array = np.abs(tensor.astype(np.float64)) <= abs(constant) / 2
    return beside


def channel_axis(shape: tuple[int, ...], layout: str) -> int | None:
    """Of an image-like tensor of three or four axes with channels as pictures have them; None for any other. A declared
    layout is looked at first, and isn't trusted: it says nothing of how the ONNX model itself orders its axes."""
    if len(shape) not in (3, 4):
        return None
    for axis in (-1, -3) if layout == "NHWC" else (-3, -1):
        height, width = (shape[at] for at in ((-2, -1) if axis == -3 else (-3, -2)))
        if shape[axis] in _CHANNELS and min(height, width) >= _SMALLEST_SIDE:
            return axis
    return None


def _masked(tensor: Array, unit: float) -> Content | None:
    found = far_constant(tensor)
    return Content("masked", constant=found.value) if found is not None and found.is_huge(unit) else None


def _picture(tensor: Array, layout: str, unit: float) -> Content | None:
    axis = channel_axis(tensor.shape, layout)
    if axis is None:
        return None
    pixels = np.moveaxis(tensor, axis, -1).astype(np.float64) / unit
    low, high = float(pixels.min()), float(pixels.max())
    peak = next((peak for peak, least in _PEAKS if least < high <= peak * (1 + _BEYOND)), None)
    if peak is None or low < -peak * _BEYOND:
        return None
    square = float(np.square(pixels).mean())
    if float(pixels.mean()) < _PICTURE_MEAN * math.sqrt(square) or not _smooth(pixels):
        return None
    ends = (pixels <= peak * _BEYOND) | (pixels >= peak * (1 - _BEYOND))
    channels = pixels.shape[-1]
    shares = channels > 1 and peak == 1.0 and bool((np.abs(pixels.sum(axis=-1) - 1) < _BEYOND).all())
    if shares or float(ends.mean()) > _AT_THE_ENDS:
        return None
    return Content(
        "picture", peak=peak * unit, layout="NHWC" if axis == -1 else "NCHW", certain=channels > 1 or peak > 1.0
    )


def _smooth(pixels: Array) -> bool:
    """Whether pixels resemble others near them, as in anything that was seen: their correlation with the next one in
    the row, or where rows are woven of two pictures with the one after it, is 0.5 or more."""
    spread = float(np.square(pixels - pixels.mean(axis=(-3, -2), keepdims=True)).mean())
    steps = (float(np.square(pixels[..., far:, :] - pixels[..., :-far, :]).mean()) for far in (1, 2))
    return spread > 0 and min(steps) <= spread


def _vector(tensor: Array, unit: float) -> Content | None:
    if sum(length > 1 for length in tensor.shape) != 1 or tensor.dtype.kind != "f":
        return None
    if not _SHORTEST_VECTOR <= tensor.size <= LONGEST_VECTOR:
        return None
    features = tensor.reshape(-1).astype(np.float64) / unit
    if float(features.min()) >= 0 and abs(float(features.sum()) - 1) < 0.05:
        return None  # probabilities
    return Content("vector", unit_length=abs(float(np.linalg.norm(features)) - 1) < _BEYOND)
