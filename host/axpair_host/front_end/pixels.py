"""From the float model's input back to the joint's pixels, and forth under another front end."""

from typing import Any

import numpy as np
from axpair_proto.capabilities import FrontEnd

Array = np.ndarray[Any, Any]


def pixels(tensor: Array, front_end: FrontEnd) -> Array:
    """Channels first, float64: the values 0..255 in the joint's colour order that `front_end` made `tensor` of.

    (channels, elements of all other axes). A channel with gain 0 says nothing of its pixels and comes as zeros.
    """
    planes = planes_of(tensor, front_end)
    if front_end.reverses_channels:
        planes = planes[::-1]
    gain, offset = (_column(values, planes) for values in (front_end.gain, front_end.offset))
    raw: Array = np.divide(planes - offset, gain, out=np.zeros_like(planes), where=gain != 0)
    return raw


def fed(raw: Array, front_end: FrontEnd, like: Array) -> Array:
    """What `front_end` makes of pixels, in the shape and dtype of `like`, the float model's input."""
    planes = raw * _column(front_end.gain, raw) + _column(front_end.offset, raw)
    if front_end.reverses_channels:
        planes = planes[::-1]
    moved = np.moveaxis(like, front_end.channel_axis, 0)
    return np.ascontiguousarray(np.moveaxis(planes.reshape(moved.shape), 0, front_end.channel_axis), like.dtype)


def planes_of(tensor: Array, front_end: FrontEnd) -> Array:
    """(channels, everything else), float64, channels as they lie in the float model's input."""
    moved = np.moveaxis(tensor, front_end.channel_axis, 0)
    return moved.reshape(moved.shape[0], -1).astype(np.float64)


def _column(values: tuple[float, ...], planes: Array) -> Array:
    return np.broadcast_to(np.asarray(values, np.float64), planes.shape[:1])[:, None]
