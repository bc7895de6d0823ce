"""Finding the step of a tensor that declares none."""

from typing import Any

import numpy as np
import pytest
from axpair_host.compare import Relation, compare
from axpair_host.compare.lattice import lattice_step

Array = np.ndarray[Any, Any]


def on_lattice(step: float, levels: int = 256, count: int = 5000, zero: int = 17) -> Array:
    codes = np.random.default_rng(4).integers(0, levels, count)
    return ((codes - zero) * step).astype(np.float32)


@pytest.mark.parametrize("step", [1 / 255, 0.0371, 1.7e-5, 310.0])
@pytest.mark.parametrize("levels", [9, 256, 4096])
def test_the_step_of_dequantised_values_is_found(step: float, levels: int) -> None:
    assert lattice_step(on_lattice(step, levels)) == pytest.approx(step, rel=1e-4)


def test_real_numbers_lie_on_no_lattice() -> None:
    assert lattice_step(np.random.default_rng(0).normal(size=4000).astype(np.float32)) == 0.0


def test_the_spacing_of_floats_themselves_is_no_step() -> None:
    values = 1e6 + np.random.default_rng(0).uniform(0, 50, 4000)
    assert lattice_step(values.astype(np.float32)) == 0.0


def test_one_value_beside_the_lattice_spoils_it() -> None:
    values = on_lattice(0.25)
    values[100] += 0.1
    assert lattice_step(values) == 0.0


def test_seven_distinct_values_are_too_few_to_tell() -> None:
    assert lattice_step(np.repeat(np.arange(7, dtype=np.float32), 50) * 0.3) == 0.0
    assert lattice_step(np.repeat(np.arange(8, dtype=np.float32), 50) * 0.3) == pytest.approx(0.3)


def test_more_points_than_16_bits_count_are_no_lattice() -> None:
    assert lattice_step(np.arange(65_536, dtype=np.float32)) == 1.0
    assert lattice_step(np.arange(65_538, dtype=np.float32)) == 0.0


def test_the_gaps_of_a_sparse_lattice_still_give_its_step() -> None:
    codes = np.array([0, 3, 4, 50, 90, 91, 200, 255, 254, 17])
    assert lattice_step((codes * 0.02).astype(np.float32)) == pytest.approx(0.02, rel=1e-4)


def test_integers_without_a_lattice_have_the_step_one() -> None:
    assert lattice_step(np.array([1, 9, 200], np.uint8)) == 1.0
    assert lattice_step((np.arange(20) * 16).astype(np.int16)) == 16.0


def test_nan_does_not_disturb_the_search() -> None:
    values = on_lattice(0.5)
    values[3] = np.nan
    assert lattice_step(values) == pytest.approx(0.5)


def test_a_comparison_uses_the_step_it_finds() -> None:
    one = on_lattice(0.0371)
    other = one.copy()
    other[7] += np.float32(0.0371)
    found = compare(one, other)
    assert (found.relation, found.step_histogram) == (Relation.EQUIVALENT, (4999, 1, 0, 0, 0))


def test_behind_a_cpu_part_no_lattice_is_looked_for() -> None:
    one = on_lattice(0.0371)
    other = one.copy()
    other[7] += np.float32(0.0371)
    assert compare(one, other, cpu_part=True).relation is Relation.SIMILAR
