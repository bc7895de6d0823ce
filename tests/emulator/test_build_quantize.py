"""Fixed-point multipliers, quantised tensors and weights, and the score's two metrics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from axpair_emulator.metrics import cosine, relative_error
from axpair_emulator.program import Tensor
from axpair_emulator.quantize.activations import code_of, codes_of, quantised_tensor, values_of_all_codes
from axpair_emulator.quantize.fixed_point import common_shift, fixed_point
from axpair_emulator.quantize.weights import odd_reciprocals, quantise_weights
from hypothesis import given
from hypothesis import strategies as st

REALS = st.floats(2.0**-31, 2.0**20)


@given(REALS)
def test_fixed_point_is_the_nearest_within_its_bounds(real: float) -> None:
    multiplier, shift = fixed_point(real)
    assert 0 < multiplier < 1 << 22
    assert 1 <= shift <= 52
    assert abs(multiplier * 2.0**-shift / real - 1) <= 2.0**-22


@pytest.mark.parametrize("real", [0.0, -1.0, 2.0**-31 * 0.999, math.nan])
def test_multiplier_of_a_dead_channel_is_zero(real: float) -> None:
    assert fixed_point(real) == (0, 1)


def test_absurd_multiplier_saturates() -> None:
    assert fixed_point(2.0**40) == ((1 << 22) - 1, 1)


@given(st.floats(2.0**-20, 100), st.floats(2.0**-20, 100), st.booleans())
def test_sum_at_8_bit_stays_below_24_bits(first: float, second: float, negative: bool) -> None:
    (a, b), shift = common_shift((first, -second if negative else second), 14, 22)
    assert 1 <= shift <= 22
    assert 255 * (abs(a) + abs(b)) + (1 << (shift - 1)) < 1 << 24
    for real, multiplier in ((first, a), (second, abs(b))):
        # Off by half a unit of the multiplier: at most 1/64 step over all codes.
        assert abs(multiplier * 2.0**-shift - real) * 255 <= max(1 / 64, 255 * max(first, second) * 2.0**-14)


@given(st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32), st.sampled_from([8, 16]))
def test_tensor_holds_zero_exactly_and_its_range_to_half_a_step(low: float, high: float, bits: int) -> None:
    tensor = quantised_tensor("t", (1,), min(low, high), max(low, high), bits)
    assert 0 <= tensor.zero_point <= tensor.top
    assert float(np.float32(tensor.scale)) == tensor.scale
    values = values_of_all_codes(tensor)
    assert values[tensor.zero_point] == 0
    if tensor.scale != 1.0:
        assert values[0] <= min(low, high, 0) + tensor.scale * 0.51
        assert values[-1] >= max(low, high, 0) - tensor.scale * 0.51


def test_range_of_nothing_or_beyond_floats_gets_a_harmless_scale() -> None:
    for extent in ((0.0, 0.0), (0.0, 1e-30), (-math.inf, math.inf)):
        assert quantised_tensor("t", (1,), *extent, 8).scale == 1.0


def test_codes_saturate_and_not_a_number_is_zero() -> None:
    tensor = Tensor("t", (5,), 0.5, 10, 8)
    values = np.array([-100, 1000, math.nan, math.inf, -math.inf, 0.25, -0.25])
    assert codes_of(values, tensor).tolist() == [0, 255, 10, 255, 0, 11, 10]
    assert code_of(-math.inf, tensor) == 0


def test_every_code_survives_going_to_its_value_and_back() -> None:
    for bits in (8, 16):
        tensor = quantised_tensor("t", (1,), -1.234, 5.678, bits)
        assert np.array_equal(codes_of(values_of_all_codes(tensor), tensor), np.arange(tensor.top + 1))


@pytest.mark.parametrize("per_channel", [False, True])
def test_wide_product_gets_weights_whose_accumulator_fits(per_channel: bool) -> None:
    weights = np.ones((2, 100_000))
    weights[1] *= 0.5
    source = Tensor("x", (1, 100_000), 1.0, 0, 8)
    quantised = quantise_weights(weights, np.zeros(2), source, Tensor("y", (1, 2), 1e5, 0, 8), per_channel=per_channel)
    sums = np.abs(quantised.codes.astype(np.int64)).sum(axis=1)
    assert (sums * 255 < 1 << 31).all()
    assert sums[0] * 255 > 1 << 30  # no coarser than needed
    np.testing.assert_allclose(quantised.codes[:, 0] * quantised.scales, [1, 0.5], rtol=0.02)


def test_metrics_are_those_of_the_score_table() -> None:
    random = np.random.default_rng(0)
    first, second = random.standard_normal((2, 50))
    expected = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert cosine(first, second) == pytest.approx(expected)
    assert relative_error(first, second) == pytest.approx(np.linalg.norm(first - second) / np.linalg.norm(first))


def test_metrics_hide_nothing_where_they_have_no_value() -> None:
    zero, some, bad = np.zeros(4), np.ones(4), np.array([1, 1, 1, np.nan])
    assert (cosine(zero, zero), relative_error(zero, zero)) == (1.0, 0.0)
    assert (cosine(zero, some), relative_error(zero, some)) == (0.0, math.inf)
    assert cosine(some, zero) == 0.0
    assert (cosine(some, bad), relative_error(some, bad)) == (0.0, math.inf)


@given(st.floats(2.0**-30, 2.0**10))
def test_multiplier_of_a_weight_becomes_one_over_an_odd_number_hardly_larger(real: float) -> None:
    raised = float(odd_reciprocals(np.array([real]))[0])
    assert real * (1 - 2.0**-29) <= raised <= real * 1.001
    fraction, exponent = math.frexp(1 / raised)
    odd = {bits: round(math.ldexp(fraction, bits)) for bits in (11, 12, 13, 14)}
    assert any(number % 2 and math.ldexp(1 / number, bits - exponent) == raised for bits, number in odd.items())
