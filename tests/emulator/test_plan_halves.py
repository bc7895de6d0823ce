"""Scales that would put many values half-way between two codes are nudged, others aren't touched."""

from __future__ import annotations

import math

import numpy as np
import pytest
from axpair_emulator.config.build_config import InputConf, Normalization
from axpair_emulator.plan.halves import off_halves_of_bytes, off_halves_of_sum
from axpair_emulator.program import Tensor
from axpair_emulator.quantize.activations import quantised_tensor


def image(mean: float, std: float) -> InputConf:
    norm = Normalization((mean,) * 3, (std,) * 3)
    return InputConf("x", (1, 3, 8, 8), "NCHW", "BGR", "NHWC", "BGR", "uint8", (norm,))


def share_half_way(tensor: Tensor, conf: InputConf) -> float:
    gain, offset = conf.gain_and_offset()
    steps = (np.arange(256) * gain[0] + offset[0]) / tensor.scale
    return float(np.mean(np.abs(steps - np.floor(steps) - 0.5) < 1e-3))


@pytest.mark.parametrize("bits", [8, 16])
def test_bytes_even_around_zero_come_off_the_halves(bits: int) -> None:
    conf = image(127.5, 127.5)
    tensor = quantised_tensor("x", conf.shape, -1.0, 1.0, bits)
    assert share_half_way(tensor, conf) == 1.0
    moved = off_halves_of_bytes(tensor, conf)
    assert share_half_way(moved, conf) < 1 / 16
    assert moved.scale / tensor.scale == pytest.approx(256 / 255)


def test_bytes_that_are_codes_already_keep_their_scale() -> None:
    conf = image(0.0, 255.0)
    tensor = quantised_tensor("x", conf.shape, 0.0, 1.0, 8)
    assert off_halves_of_bytes(tensor, conf) == tensor


@pytest.mark.parametrize("ratio", [0.5, 1.5, 0.25, 2.0625])
def test_sum_of_operands_with_dyadic_steps_gets_a_larger_one(ratio: float) -> None:
    one, other = (Tensor(name, (1,), scale, 0) for name, scale in (("a", 0.5 * ratio), ("b", 0.314)))
    result = Tensor("y", (1,), 0.5, 0)
    moved = off_halves_of_sum(result, (one, other))
    assert 0.5 < moved.scale < 0.502
    sixteenths = one.scale / moved.scale * 16
    assert not math.isclose(sixteenths, round(sixteenths), rel_tol=2.0**-12)


@pytest.mark.parametrize("ratio", [1.0, 2.0, 0.31, 0.77])
def test_sum_of_other_operands_keeps_its_scale(ratio: float) -> None:
    result = Tensor("y", (1,), 0.5, 0)
    assert off_halves_of_sum(result, [Tensor("a", (1,), 0.5 * ratio, 0)]) == result
