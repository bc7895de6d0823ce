"""Integer weights and biases of convs and matrix products, and the multipliers that go with them.

Weights are symmetric int8, one scale per tensor or per output channel. The strategy's name in the configuration
doesn't say what it applies to; that it means the weights is our reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_emulator.program import Tensor
from axpair_emulator.quantize.fixed_point import fixed_point
from axpair_emulator.quantize.rounding import Moments, coded, mean_error

MAX_BIAS = 1 << 30
WEIGHT_TOP = 127
_FAINTEST = 2.0**-16
"""A channel's scale is at least this part of the layer's: dead channels would get absurd biases."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class QuantisedWeights:
    """Weights as integers; the first axis is the output channel (O)."""

    codes: Array
    """int8, (O, ...)."""
    scales: Array
    """float32, (O)."""
    bias: Array
    """int32, (O), in units of input scale times weight scale."""
    multipliers: Array
    """int64, (O)."""
    shifts: Array
    """int64, (O)."""


def accumulator_limit(bits: int) -> int:
    """What |accumulator| stays below: 2^31 with 8-bit features, 2^40 with 16-bit ones."""
    return 1 << (31 if bits == 8 else 40)


def odd_reciprocals(reals: Array) -> Array:
    """The next larger multipliers that are 1 / (an odd number of 12 to 14 bits * 2^k); at most a thousandth larger.

    A half between two codes is then an odd multiple of n/2, n being odd as far as 14 bits suffice: no accumulator is
    one, nor comes so near to it that float32 could err. The cmodel's quick step is proven for nearly every channel.
    """
    _, exponents = np.frexp(1.0 / reals)
    bits = np.clip(exponents, 12, 14)
    counts = np.floor(np.ldexp(1.0 / reals, bits - exponents) * (1 + 2.0**-30))
    odd = counts - (counts % 2 == 0)
    return np.asarray(np.ldexp(1.0 / odd, bits - exponents))


def quantise_weights(
    weights: Array,
    bias: Array,
    source: Tensor,
    result: Tensor,
    *,
    per_channel: bool,
    moments: Moments | None = None,
) -> QuantisedWeights:
    """Quantises float weights (O, ...) and bias (O) between two quantised tensors.

    A channel whose bias would exceed 2^30, or whose accumulator could exceed its limit, gets a coarser scale of
    its own, also with one scale per tensor. With `moments` of the input the integers make up for each other's
    rounding over such inputs, and the bias for what is left of its mean.
    """
    flat = weights.reshape(weights.shape[0], -1).astype(np.float64)
    bias = bias.astype(np.float64)
    extreme = np.abs(flat).max(axis=1, initial=0.0)
    layer = float(extreme.max(initial=0.0))
    if layer == 0.0:
        extreme[:] = WEIGHT_TOP
    elif per_channel:
        extreme = np.maximum(extreme, layer * _FAINTEST)
    else:
        extreme[:] = layer
    scales = extreme / WEIGHT_TOP
    scales = np.maximum(scales, np.abs(bias) / (source.scale * MAX_BIAS) * (1 + 2.0**-20))
    reach = max(source.zero_point, source.top - source.zero_point)
    limit = accumulator_limit(source.bits)
    ratio = source.scale / result.scale
    while True:
        if source.bits == result.bits == 8:
            scales = odd_reciprocals(scales * ratio) / ratio
        scales = scales.astype(np.float32).astype(np.float64)
        codes = coded(flat, scales, WEIGHT_TOP, moments)
        shifted = bias - mean_error(flat, codes, scales, moments)
        bias_codes = np.clip(np.rint(shifted / (scales * source.scale)), -2 * MAX_BIAS + 1, 2 * MAX_BIAS - 1)
        bound = np.abs(codes).sum(axis=1) * reach + np.abs(bias_codes)
        if bool((bound < limit).all()):
            break
        scales = np.where(bound < limit, scales, scales * np.maximum(bound / limit, 1.01))
    fixed = [fixed_point(float(scale) * source.scale / result.scale) for scale in scales]
    return QuantisedWeights(
        codes=codes.astype(np.int8).reshape(weights.shape),
        scales=scales.astype(np.float32),
        bias=bias_codes.astype(np.int32),
        multipliers=np.array([multiplier for multiplier, _ in fixed], dtype=np.int64),
        shifts=np.array([shift for _, shift in fixed], dtype=np.int64),
    )
