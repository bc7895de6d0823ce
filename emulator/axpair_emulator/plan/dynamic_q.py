"""Q values that the configuration leaves to calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from axpair_emulator.config.build_config import BuildConfig, OutputConf
from axpair_emulator.program import Tensor

MAX_Q = 1 << 24

Range = tuple[float, float]


def settle_q(
    config: BuildConfig,
    ranges: Mapping[str, Range],
    tensors: Mapping[str, Tensor],
    constants: Mapping[str, np.ndarray[Any, Any]],
) -> BuildConfig:
    """Gives every integer output without Q the largest that keeps its values inside its dtype.

    Those are the range that calibration saw. An output that isn't observed, as its codes only move, has all that the
    codes of `tensors` can say, which follows from the range of where they come from; one that depends on no input
    has its constant's values.
    """

    def settled(conf: OutputConf) -> OutputConf:
        if conf.dtype == "float32" or conf.q > 0:
            return conf
        if conf.name in ranges:
            extent = ranges[conf.name]
        elif conf.name in tensors:
            extent = _span(tensors[conf.name])
        else:
            extent = float(constants[conf.name].min(initial=0.0)), float(constants[conf.name].max(initial=0.0))
        return msgspec.structs.replace(conf, q=_largest_q(conf.dtype, extent))

    return msgspec.structs.replace(config, outputs=tuple(map(settled, config.outputs)))


def _span(tensor: Tensor) -> Range:
    """The real values of the smallest and the largest code."""
    return -tensor.zero_point * tensor.scale, (tensor.top - tensor.zero_point) * tensor.scale


def _largest_q(dtype: str, extent: Range) -> int:
    limits = np.iinfo(dtype)
    room = [limits.max / extent[1]] if extent[1] > 0 else []
    if extent[0] < 0 and limits.min < 0:
        room.append(limits.min / extent[0])
    return max(1, min(int(min(room, default=1.0)), MAX_Q))
