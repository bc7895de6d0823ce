"""Q values that the configuration leaves to calibration."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from axpair_emulator.config.build_config import BuildConfig, OutputConf

MAX_Q = 1 << 24


def settle_q(config: BuildConfig, ranges: Mapping[str, tuple[float, float]]) -> BuildConfig:
    """Gives every integer output without Q the largest that keeps the calibrated range inside its dtype."""
    return msgspec.structs.replace(
        config, outputs=tuple(_settled(conf, ranges.get(conf.name, (0.0, 1.0))) for conf in config.outputs)
    )


def _settled(conf: OutputConf, extent: tuple[float, float]) -> OutputConf:
    if conf.dtype == "float32" or conf.q > 0:
        return conf
    limits = np.iinfo(conf.dtype)
    room = [limits.max / extent[1]] if extent[1] > 0 else []
    if extent[0] < 0 and limits.min < 0:
        room.append(limits.min / extent[0])
    q = int(min(room, default=1.0))
    return msgspec.structs.replace(conf, q=max(1, min(q, MAX_Q)))
