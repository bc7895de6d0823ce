"""Requantisation: every engine gives the codes of the one formula, at every stair of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.cmodel.requant import Requantizer, Rule
from axpair_emulator.cmodel.staircase import proven_scales, quantised
from axpair_emulator.program import Tensor
from emulator.oracle import requantised

from emulator import programs

Array = np.ndarray[Any, Any]


def rule(random: np.random.Generator, channels: int, reach: int, top: int) -> Rule:
    made = programs.channel_multipliers(random, np.full(channels, reach), top)
    lo = int(random.choice([0, 0, 7]))
    return Rule(made["multiplier"], made["shift"], int(random.choice([0, top // 2, top])), lo, top)


def stairs(rule: Rule, channel: int, reach: int) -> list[int]:
    """Accumulators beside every stair, in Python's whole numbers."""
    m, s = int(rule.multiplier[channel]), int(rule.shift[channel])
    levels = np.linspace(rule.lo, rule.hi, 300).astype(int).tolist()
    edges = [-(-((level - rule.zero_point) * 2**s - 2 ** (s - 1)) // max(m, 1)) for level in levels]
    near = [edge + by for edge in edges for by in (-2, -1, 0, 1)]
    return [max(-reach, min(reach, acc)) for acc in [*near, -reach, reach, 0]]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("log_reach", [6, 14, 20, 23, 26, 30, 31])
def test_both_sides_of_every_stair_get_the_right_code(bits: int, log_reach: int) -> None:
    random = np.random.default_rng([bits, log_reach])
    reach, top = (1 << log_reach) - 1, (1 << bits) - 1
    one = rule(random, 24, reach, top)
    acc = np.array([stairs(one, channel, reach) for channel in range(24)], np.float64)
    got = Requantizer(one, np.full(24, reach), Tensor("y", (), 1.0, one.zero_point, bits))(acc[None])[0]
    for channel in range(24):
        m, s = int(one.multiplier[channel]), int(one.shift[channel])
        wanted = [requantised(int(value), m, s, one.zero_point, one.lo, one.hi) for value in acc[channel]]
        assert got[channel].tolist() == wanted


def test_a_sum_one_unit_below_a_stair_stays_below_it_also_with_the_largest_shift() -> None:
    # acc * m = 2^51 - 1, so that acc * m / 2^52 + 1/2 is 2^-52 below 1: next to 200, float64 would round it to 1.
    acc, m = 7 * 2143 * 131071, 103 * 11119
    assert acc * m == 2**51 - 1
    one = Rule(np.array([m]), np.array([52]), 200, 0, 255)
    got = Requantizer(one, np.array([(1 << 31) - 1]), Tensor("y", (), 1.0, 200)).scalar(np.array([acc, -acc, 0]))
    assert got.tolist() == [200, 200, 200] == [requantised(value, m, 52, 200, 0, 255) for value in (acc, -acc, 0)]


def test_a_proven_scale_holds_for_every_accumulator_there_is() -> None:
    random = np.random.default_rng(3)
    reach = 300_000
    one = rule(random, 40, reach, 255)
    scales, proven = proven_scales(one, np.full(40, reach))
    assert 10 < proven.sum() < 30
    acc = np.arange(-reach, reach + 1)
    for channel in range(40):
        wanted = one[np.array([channel])].codes(acc[None])[0]
        got = np.clip(quantised(acc.astype(np.float32), scales[channel], one.zero_point), one.lo, one.hi)
        assert (got == wanted).all() == proven[channel]


def test_all_pairs_of_codes_through_a_convolution_equal_the_formula() -> None:
    random = np.random.default_rng(9)
    outputs = 48
    x = Tensor("x", (1, 2, 256, 256), 0.1, 77)
    y = Tensor("y", (1, outputs, 256, 256), 0.1, 31)
    weight = random.integers(-127, 128, (outputs, 2, 1, 1)).astype(np.int8)
    bias = random.integers(-4000, 4000, outputs).astype(np.int32)
    sums = np.abs(weight.astype(np.int64)).sum(axis=(1, 2, 3)) * 178
    arrays: dict[str, Array] = {"weight": weight, "bias": bias, **programs.channel_multipliers(random, sums, 255)}
    attrs = {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "group": 1, "lo": 31, "hi": 250}
    pairs = np.stack(np.meshgrid(np.arange(256), np.arange(256))).astype(np.uint8)[None]
    got = Executor(programs.one_op("conv", {"x": x}, y, attrs, arrays)).run_op(0, {"x": pairs})
    acc = np.einsum("oi,ihw->ohw", weight[:, :, 0, 0].astype(np.int64), pairs[0].astype(np.int64) - 77)
    acc += bias.astype(np.int64)[:, None, None]
    m, s = (arrays[role][:, None, None] for role in ("multiplier", "shift"))
    np.testing.assert_array_equal(got[0], np.clip(((acc * m + (1 << (s - 1))) >> s) + 31, 31, 250))


@pytest.mark.parametrize("kind", ["add", "mul"])
def test_all_pairs_of_codes_through_add_and_mul_equal_the_formula(kind: str) -> None:
    random = np.random.default_rng(4)
    grid = np.meshgrid(np.arange(256, dtype=np.int64), np.arange(256, dtype=np.int64))
    for _ in range(20):
        a, b, y = (programs.tensor(random, name, (256, 256), 8) for name in "aby")
        left, right = grid[0] - a.zero_point, grid[1] - b.zero_point
        if kind == "add":
            s = int(random.integers(8, 22))
            factors = [round(random.uniform(-1.5, 1.5) * (1 << s)) for _ in range(2)]
            attrs = {"multipliers": factors, "shift": s, "lo": 3, "hi": 255}
            scaled = (left * factors[0] + right * factors[1] + (1 << (s - 1))) >> s
        else:
            m, s = programs.multiplier(random, 1 << 14, 255)
            attrs = {"multiplier": m, "shift": s, "lo": 3, "hi": 255}
            scaled = (left * right * m + (1 << (s - 1))) >> s
        operands = {name: codes.astype(np.uint8) for name, codes in zip("ab", grid, strict=True)}
        got = Executor(programs.one_op(kind, {"a": a, "b": b}, y, attrs)).run_op(0, operands)
        np.testing.assert_array_equal(got, np.clip(scaled + y.zero_point, 3, 255))
