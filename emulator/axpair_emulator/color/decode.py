"""The float model's colours: what a joint takes as a picture in the ONNX model's colours, in real numbers.

Nothing is rounded, and nothing of the joint's whole-number conversion is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from axpair_emulator.color.standards import swing_of
from axpair_emulator.config.build_config import YUV, InputConf

Array = np.ndarray[Any, Any]
_GREY = {"R": 0.299, "G": 0.587, "B": 0.114}


def picture(conf: InputConf, planes: Array) -> Array:
    """The joint's planes (batch, channels, rows, columns) in the colours that `picture_color` says.

    The same array where nothing has to be converted, else float64 from 0 to 255.
    """
    taken, made = conf.dst_color, conf.picture_color
    if taken == made:
        return planes
    if (taken, made) == ("BGR0", "BGR"):
        return planes[:, :3]
    if taken == "GRAY":
        return np.repeat(planes, len(made), axis=1)
    if taken in YUV:
        return _of_yuv(conf, planes.astype(np.float64), made)
    weights = np.array([_GREY.get(letter, 0.0) for letter in taken])
    grey: Array = np.einsum("c,nchw->nhw", weights, planes.astype(np.float64))[:, None]
    return grey


def _of_yuv(conf: InputConf, planes: Array, made: str) -> Array:
    rows = planes.shape[2] * 2 // 3
    luma, pairs = planes[:, 0, :rows], planes[:, 0, rows:]
    first, second = (pairs[:, :, side::2].repeat(2, axis=1).repeat(2, axis=2) for side in (0, 1))
    u, v = (second, first) if conf.dst_color == "NV21" else (first, second)
    swing = swing_of(conf.color_standard)
    matrix, offset = swing.to_rgb()
    if made == "GRAY":
        grey: Array = np.clip((luma - swing.black) * matrix[0, 0], 0.0, 255.0)[:, None]
        return grey
    channels = {
        letter: matrix[row, 0] * luma + matrix[row, 1] * u + matrix[row, 2] * v + offset[row]
        for row, letter in enumerate("RGB")
    }
    clipped: Array = np.clip(np.stack([channels[letter] for letter in made], axis=1), 0.0, 255.0)
    return clipped
