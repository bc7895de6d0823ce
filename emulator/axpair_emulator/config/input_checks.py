"""What a resolved input or output can't be, whether it comes from a configuration's text or from inside a joint."""

from __future__ import annotations

import math

import numpy as np

from axpair_emulator.config.build_config import Affine, InputConf, OutputConf
from axpair_emulator.config.colors import color_defect

LARGEST_CODE = 65_535
_LARGEST_VALUE = 1e38
"""Well inside float32."""


def input_defect(conf: InputConf) -> str:
    """What is wrong with it, as the end of a sentence; "" when nothing is."""
    if (conf.src_layout or conf.dst_layout) and len(conf.shape) != 4:
        return f"has {len(conf.shape)} axes, and a layout, which takes four"
    if any(length < 0 for length in conf.shape):
        return f"has the shape {conf.shape}"
    wrong = color_defect(conf)
    if wrong:
        return wrong
    for step in conf.modifications:
        divisors = (step.slope_divisor, step.bias_divisor) if isinstance(step, Affine) else (step.std,)
        others = (step.slope, step.bias) if isinstance(step, Affine) else (step.mean,)
        for values in (*divisors, *others):
            if len(values) != conf.channels or not all(map(math.isfinite, values)):
                return f"is modified with {values}; it has {conf.channels} channels"
        if any(value == 0 for values in divisors for value in values):
            return "is divided by zero"
    with np.errstate(over="ignore", invalid="ignore"):
        gain, offset = conf.gain_and_offset()
        reach = np.abs(gain) * LARGEST_CODE + np.abs(offset)
    if not np.all(reach < _LARGEST_VALUE):
        return f"is modified to values of up to {float(np.max(reach)):g}, which float32 can't hold"
    return ""


def output_defect(conf: OutputConf) -> str:
    """The same of an output."""
    if conf.dst_layout != conf.src_layout and len(conf.shape) != 4:
        return f"has {len(conf.shape)} axes, and another layout than the model's, which takes four"
    return f"has the shape {conf.shape}" if any(length < 0 for length in conf.shape) else ""
