"""What the configuration's color_standard means: BT.601 with the one or the other swing, in reals and in whole numbers.

The vendor doesn't say what CSC_LEGACY is. Here it is studio swing, which cameras and video decoders give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_emulator.config.build_config import YUV, InputConf

Matrix = np.ndarray[Any, np.dtype[np.float64]]

_RED, _BLUE = 0.299, 0.114
_GREEN = 1.0 - _RED - _BLUE
YUV_SHIFT = 14
"""Fractional bits from YUV: with them every partial sum stays below 2^24, in any order."""
LUMA_SHIFT = 16
LUMA = {"R": 19595, "G": 38470, "B": 7471}
"""Grey of red, green and blue, times 2^16: their sum is 2^16, so that white stays white."""


@dataclass(frozen=True)
class Swing:
    """Which codes black, white and the strongest colours have."""

    black: int
    luma: float
    """Codes from black to white."""
    chroma: float
    """Codes from the strongest colour on the one side to that on the other, around 128."""

    def to_rgb(self) -> tuple[Matrix, Matrix]:
        """value = matrix @ (Y, U, V) + offset, rows R, G, B, values from 0 to 255 without any clamp."""
        gain, spread = 255.0 / self.luma, 255.0 / self.chroma
        red, blue = 2.0 * (1.0 - _RED) * spread, 2.0 * (1.0 - _BLUE) * spread
        matrix = np.array(
            [
                [gain, 0.0, red],
                [gain, -blue * _BLUE / _GREEN, -red * _RED / _GREEN],
                [gain, blue, 0.0],
            ]
        )
        return matrix, -matrix @ np.array([self.black, 128.0, 128.0])

    def from_rgb(self) -> Matrix:
        """Rows Y, U, V over R, G, B; black resp. 128 is to be added."""
        weights = np.array([_RED, _GREEN, _BLUE])
        to_blue, to_red = np.array([0.0, 0.0, 1.0]) - weights, np.array([1.0, 0.0, 0.0]) - weights
        chroma = self.chroma / 255.0 / 2.0
        return np.stack([weights * self.luma / 255.0, to_blue * chroma / (1.0 - _BLUE), to_red * chroma / (1.0 - _RED)])


_FULL = Swing(0, 255.0, 255.0)
_STUDIO = Swing(16, 219.0, 224.0)


def swing_of(standard: str) -> Swing:
    """The swing that a standard has; studio where none is said."""
    return _FULL if standard == "full" else _STUDIO


@dataclass(frozen=True)
class Conversion:
    """y = clamp(floor((matrix @ x + offsets + 2^(shift-1)) / 2^shift), 0, 255), channel by channel."""

    matrix: tuple[tuple[int, ...], ...]
    offsets: tuple[int, ...]
    shift: int


def conversion(conf: InputConf) -> Conversion | None:
    """From the joint's channels (of NV12 and NV21: Y, U, V) to those of the picture; None where they are the same."""
    taken, made = conf.dst_color, conf.picture_color
    if taken == made or (taken, made) == ("BGR0", "BGR"):
        return None
    if taken == "GRAY":
        return Conversion(((2,),) * len(made), (0,) * len(made), 1)
    if taken in YUV:
        real, _ = swing_of(conf.color_standard).to_rgb()
        whole = np.rint(real * (1 << YUV_SHIFT)).astype(np.int64)
        # Grey is luma alone, stretched to 0..255.
        rows = [["R", "G", "B"].index(letter) for letter in made] if made != "GRAY" else [0]
        whole = whole[rows] if made != "GRAY" else whole[rows] * np.array([1, 0, 0])
        offsets = -whole @ np.array([swing_of(conf.color_standard).black, 128, 128])
        return Conversion(tuple(map(tuple, whole.tolist())), tuple(offsets.tolist()), YUV_SHIFT)
    return Conversion((tuple(LUMA.get(letter, 0) for letter in taken),), (0,), LUMA_SHIFT)
