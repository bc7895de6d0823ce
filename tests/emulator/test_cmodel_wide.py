"""Sums beyond 2^24: split into parts, or tap by tap, with the same codes as in whole numbers."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from axpair_emulator.cmodel.accumulate import Accumulator, Convolution
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.program import Tensor

from emulator import programs

Array = np.ndarray[Any, Any]


def window_sums(x: Array, weight: Array, group: int) -> Array:
    """A convolution without padding, in int64."""
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], (2, 3))
    grouped = windows.reshape(x.shape[0], group, -1, *windows.shape[2:])
    split = weight.astype(np.int64).reshape(group, -1, *weight.shape[1:])
    sums: Array = np.einsum("ngihwkl,goikl->ngohw", grouped, split)
    return sums.reshape(x.shape[0], -1, *sums.shape[3:])


def spread(x: Array, weight: Array) -> Array:
    """A transposed convolution with stride 1 and one group, in int64."""
    _, outputs, height, width = weight.shape
    result = np.zeros((1, outputs, x.shape[2] + height - 1, x.shape[3] + width - 1), np.int64)
    for row, column in np.ndindex(height, width):
        part = np.einsum("nihw,io->nohw", x, weight[:, :, row, column].astype(np.int64))
        result[:, :, row : row + x.shape[2], column : column + x.shape[3]] += part
    return result


@pytest.mark.parametrize(
    ("shape", "group", "size", "bits", "dtype"),
    [
        ((3, 1200, 1, 1), 1, 4, 8, np.int8),
        ((3, 60, 5, 5), 1, 8, 8, np.int8),
        ((4, 800, 1, 1), 2, 3, 8, np.int8),
        ((2, 2, 27, 27), 1, 30, 8, np.int8),
        ((3, 1200, 1, 1), 1, 3, 16, np.int8),
        ((3, 700, 1, 1), 1, 3, 16, np.int16),
        ((2, 1, 27, 27), 2, 28, 16, np.int16),
    ],
)
def test_sums_beyond_two_to_the_24_are_exact(
    shape: tuple[int, ...], group: int, size: int, bits: int, dtype: type
) -> None:
    random = np.random.default_rng(size)
    x = Tensor("x", (1, shape[1] * group, size, size), 0.1, 3, bits)
    out = size - shape[2] + 1
    y = Tensor("y", (1, shape[0], out, out), 0.1, 100, 16)
    top = np.iinfo(dtype).max
    weight: Array = random.choice(np.array([-top, *[top] * 9]), shape).astype(dtype)
    codes = programs.codes(random, x)
    codes[:, :, 0] = x.top
    acc = window_sums(codes.astype(np.int64) - 3, weight, group)
    assert np.abs(acc).max() > 1 << 24
    check("conv", x, y, weight, codes, acc, {"group": group})


@pytest.mark.parametrize(("shape", "bits"), [((1200, 2, 2, 2), 8), ((600, 3, 1, 2), 16), ((1, 2, 40, 40), 8)])
def test_a_transposed_convolution_is_exact_beyond_two_to_the_24(shape: tuple[int, ...], bits: int) -> None:
    random = np.random.default_rng(bits)
    size = 40 if shape[0] == 1 else 3
    x = Tensor("x", (1, shape[0], size, size), 0.1, 9, bits)
    weight = random.choice([-127, *[127] * 9], shape).astype(np.int8)
    codes = programs.codes(random, x)
    acc = spread(codes.astype(np.int64) - 9, weight)
    y = Tensor("y", acc.shape, 0.1, 100, 16)
    assert np.abs(acc).max() > 1 << 24
    check("conv_transpose", x, y, weight, codes, acc, {"group": 1, "output_padding": [0, 0]})


def check(kind: str, x: Tensor, y: Tensor, weight: Array, codes: Array, acc: Array, attrs: dict[str, Any]) -> None:
    """Hold the sums themselves, then the operator's codes, against whole numbers."""
    attributes = {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1]}
    convolution = Convolution(kind == "conv_transpose", attrs["group"], attributes)
    accumulator = Accumulator(convolution, weight, x, threads=1)
    parts = accumulator(codes)
    total = sum(part.astype(np.int64) * factor for part, factor in zip(parts, accumulator.factors, strict=True))
    np.testing.assert_array_equal(total, acc)
    assert (np.abs(acc).max(axis=(0, 2, 3)) <= accumulator.bounds).all()

    for output in (y, dataclasses.replace(y, bits=8)):
        check_codes(kind, x, output, {"weight": weight}, codes, acc, {**attributes, **attrs})


def check_codes(
    kind: str, x: Tensor, y: Tensor, arrays: dict[str, Array], codes: Array, acc: Array, attrs: dict[str, Any]
) -> None:
    random = np.random.default_rng(1)
    bias = random.integers(-(1 << 24), 1 << 24, y.shape[1]).astype(np.int32)
    pairs = [programs.multiplier_of(0.45 * y.top / float(most)) for most in np.abs(acc).max(axis=(0, 2, 3))]
    multipliers = {
        role: np.array(values) for role, values in zip(("multiplier", "shift"), zip(*pairs, strict=True), strict=True)
    }
    clamped = {**attrs, "lo": 0, "hi": y.top}
    program = programs.one_op(kind, {"x": x}, y, clamped, {**arrays, "bias": bias, **multipliers})
    got = Executor(program).run_op(0, {"x": codes})
    m, s = (multipliers[role][:, None, None] for role in ("multiplier", "shift"))
    scaled = ((acc + bias.astype(np.int64)[:, None, None]) * m + (1 << (s - 1))) >> s
    np.testing.assert_array_equal(got, np.clip(scaled + y.zero_point, 0, y.top))
    assert len(np.unique(got)) > 1
