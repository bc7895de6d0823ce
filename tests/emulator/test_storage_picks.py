"""Stored operators that pick by index: damaged ones end in a sentence before anything is read beyond its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
from axpair_emulator.program import Program, Tensor
from axpair_emulator.storage.op_checks import op_defect
from emulator.picking_programs import KINDS

Array = np.ndarray


def program(kind: str) -> Program:
    return KINDS[kind](np.random.default_rng(2), 8)


def defect(given: Program, arrays: Mapping[str, Array] | None = None, **attrs: object) -> str:
    op = given.ops[0]
    changed = dataclasses.replace(op, attrs={**op.attrs, **attrs})
    whole = dataclasses.replace(given, ops=(changed,), arrays={**given.arrays, **(arrays or {})})
    return op_defect(changed, whole)


@pytest.mark.parametrize(
    "kind", ["gather", "maximum", "minimum", "reduce_max", "reduce_min", "resize_linear", "average_pool"]
)
def test_sound_operators_pass(kind: str) -> None:
    for seed in range(6):
        made = KINDS[kind](np.random.default_rng(seed), 8)
        assert op_defect(made.ops[0], made) == ""


@pytest.mark.parametrize(
    ("kind", "arrays", "attrs", "words"),
    [
        ("gather", {"indices_0": np.array([0, 3])}, {}, "reach from 0 to 3 of 3"),
        ("gather", {"indices_0": np.array([-1, 0])}, {}, "reach from -1"),
        ("gather", {"indices_0": np.array(0)}, {}, "no indices_0"),
        ("gather", {"indices_1": np.zeros(9, np.int64)}, {}, "it gives"),
        ("gather", {}, {"axes": [1, 7]}, "aren't those of"),
        ("gather", {}, {"axes": [1, 1]}, "its axes are"),
        ("gather", {}, {"axes": 1}, "its axes are"),
        ("resize_linear", {"taps_0": np.full((7, 2), 9)}, {"axes": [2, 3]}, "reach from 9 to 9"),
        ("resize_linear", {}, {"bits": 40}, "have 40 bits"),
        ("resize_linear", {}, {"bits": 12}, "don't add up"),
        ("resize_linear", {"weights_0": np.zeros((7, 1), np.int64)}, {}, "don't pair up"),
        ("maximum", {"table_0": np.zeros(7, np.uint8)}, {}, "not 256 entries"),
    ],
)
def test_damage_is_told(kind: str, arrays: Mapping[str, Array], attrs: Mapping[str, object], words: str) -> None:
    given = program(kind)
    if kind == "resize_linear" and "axes" not in attrs:
        attrs = {**attrs, "axes": given.ops[0].attrs["axes"]}
    assert words in defect(given, arrays, **attrs)


def test_much_made_on_the_way_to_little_is_refused() -> None:
    given = program("gather")
    small = {"x": Tensor("x", (1, 1 << 16), 1.0, 0), "y": Tensor("y", (1 << 16, 1), 1.0, 0)}
    given = dataclasses.replace(given, tensors={**given.tensors, **small})
    arrays = {"indices_0": np.zeros(1 << 16, np.int64), "indices_1": np.zeros(1, np.int64)}
    assert "on its way" in defect(given, arrays, axes=[0, 1])


def test_average_pool_with_a_divisor_too_few_is_refused() -> None:
    given = next(made for seed in range(9) if (made := KINDS["average_pool"](np.random.default_rng(seed), 8)).arrays)
    assert "differ in length" in defect(given, {"shift": np.ones(1, np.int64)})
