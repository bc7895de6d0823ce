"""Tolerances that can't fail are seen and not applied."""

from typing import Any

import numpy as np
import pytest
from axpair_host.compare import Relation, compare

Array = np.ndarray[Any, Any]
RAMP = np.linspace(-1, 1, 101).astype(np.float32)


@pytest.mark.parametrize(("atol", "rtol"), [(100_000.0, 1e-6), (2.0, None), (1.0, None), (None, 1.0), (0.5, 0.6)])
def test_a_tolerance_under_which_zeros_or_a_constant_pass_is_toothless(atol: float | None, rtol: float | None) -> None:
    found = compare(RAMP, RAMP[::-1].copy(), atol=atol, rtol=rtol)
    assert found.toothless
    assert found.relation is Relation.DIFFERENT


@pytest.mark.parametrize(("atol", "rtol"), [(0.9, None), (0.01, 0.01), (None, 0.5), (0.0, 0.0)])
def test_a_tolerance_that_some_answer_fails_has_teeth(atol: float | None, rtol: float | None) -> None:
    assert not compare(RAMP, RAMP[::-1].copy(), atol=atol, rtol=rtol).toothless


def test_a_constant_reference_has_teeth_only_below_its_own_size() -> None:
    one = np.full(50, 3, np.float32)
    assert compare(one, one + 1, atol=3).toothless
    assert not compare(one, one + 1, atol=0.5).toothless
    assert compare(one, one + 1).reference_constant


def test_no_elements_cannot_fail() -> None:
    found = compare(np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32))
    assert (found.relation, found.toothless) == (Relation.IDENTICAL, "the tensor has no elements")


def test_no_finite_elements_cannot_fail_a_tolerance() -> None:
    one = np.full(4, np.nan, np.float32)
    assert compare(one, one.copy(), atol=0.1).toothless


def test_without_a_tolerance_nothing_is_toothless() -> None:
    assert not compare(RAMP, RAMP * 2).toothless
