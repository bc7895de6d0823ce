"""One pass over two tensors: every number, every relation, and none that is NaN by accident or hides one."""

import json
from typing import Any

import numpy as np
import pytest
from axpair_host.compare import Comparison, Relation, compare
from axpair_host.compare.errors import relative_error
from axpair_host.compare.sums import CHUNK
from axpair_host.documents.json_form import json_form

Array = np.ndarray[Any, Any]
IDENTICAL, EQUIVALENT, SIMILAR = Relation.IDENTICAL, Relation.EQUIVALENT, Relation.SIMILAR
DIFFERENT, INVALID = Relation.DIFFERENT, Relation.INVALID


def f4(*values: float) -> Array:
    return np.array(values, np.float32)


def normal(count: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=count).astype(np.float32)


@pytest.mark.parametrize("count", [1, 7, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
def test_numbers_are_those_of_the_whole_arrays_whatever_the_chunks(count: int) -> None:
    one, other = normal(count), normal(count, 1)
    found = compare(one, other, step=0.25)
    a, b = one.astype(np.float64), other.astype(np.float64)
    assert found.cosine == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-12)
    assert found.relative_error == pytest.approx(np.linalg.norm(b - a) / np.linalg.norm(a), rel=1e-12)
    assert found.max_abs == np.abs(b - a).max()
    assert found.max_abs_index == (int(np.abs(b - a).argmax()),)
    assert found.mean == pytest.approx((b - a).mean(), abs=1e-12)
    assert found.sqnr_db == pytest.approx(10 * np.log10((a @ a) / ((b - a) @ (b - a))), rel=1e-9)
    assert found.differing == np.count_nonzero(a != b)
    assert found.mean_steps == pytest.approx((b - a).mean() / 0.25, abs=1e-12)
    steps = np.minimum(np.floor(np.abs(b - a) / 0.25 + 0.5), 4)
    assert found.step_histogram == tuple(int(np.count_nonzero(steps == n)) for n in range(5))
    assert found.reference_range == (a.min(), a.max())


def test_the_same_bytes_are_identical() -> None:
    found = compare(normal(100), normal(100))
    assert (found.relation, found.cosine, found.max_abs, found.relative_error) == (IDENTICAL, 1.0, 0.0, 0.0)
    assert found.bytes_equal


def test_the_same_bytes_with_nan_on_both_sides_are_identical_and_the_nan_is_counted() -> None:
    one = f4(1, np.nan, np.inf, 2)
    found = compare(one, one.copy())
    assert (found.relation, found.nan, found.inf, found.nonfinite_mismatches) == (IDENTICAL, (1, 1), (1, 1), 0)
    assert found.cosine == 1.0


def test_only_nan_on_both_sides_leaves_no_number_and_no_nan() -> None:
    one = f4(np.nan, np.nan)
    found = compare(one, one.copy())
    assert found.relation is IDENTICAL
    assert (found.cosine, found.max_abs, found.mean, found.relative_error) == (None, None, None, None)


@pytest.mark.parametrize("place", [0, 5, CHUNK + 3])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_or_inf_on_one_side_only_is_invalid_and_metrics_leave_it_out(value: float, place: int) -> None:
    one = normal(2 * CHUNK)
    other = one.copy()
    other[place] = value
    for pair in ((one, other), (other, one)):
        found = compare(*pair)
        assert found.relation is INVALID
        assert found.nonfinite_mismatches == 1
        assert found.differing == 1
        assert "one side only" in found.reason
        assert found.cosine == 1.0


def test_infinities_of_opposite_sign_do_not_match() -> None:
    assert compare(f4(1, np.inf), f4(1, -np.inf)).relation is INVALID


def test_nan_does_not_hide_a_difference_elsewhere() -> None:
    found = compare(f4(np.nan, 1, 2), f4(np.nan, 1, 9))
    assert (found.relation, found.max_abs, found.max_abs_index) == (DIFFERENT, 7.0, (2,))


def test_shape_or_dtype_apart_is_invalid_with_both_in_the_reason() -> None:
    found = compare(np.zeros((2, 3), np.float32), np.zeros((3, 2), np.float32))
    assert found.relation is INVALID
    assert "[2, 3]" in found.reason
    assert "[3, 2]" in found.reason
    assert compare(f4(1), np.ones(1, np.uint8)).relation is INVALID
    assert compare(np.ones(1, np.complex64), np.ones(1, np.complex64)).relation is INVALID


def test_two_zero_vectors_have_cosine_one_and_a_zero_against_another_has_zero() -> None:
    assert compare(np.zeros(5, np.float32), -np.zeros(5, np.float32)).cosine == 1.0
    for pair in ((f4(0, 0), f4(0, 3)), (f4(0, 3), f4(0, 0))):
        found = compare(*pair)
        assert (found.cosine, found.relation) == (0.0, DIFFERENT)
    assert compare(f4(0, 0), f4(0, 3)).relative_error is None


def test_minus_zero_is_another_byte_and_the_same_number() -> None:
    found = compare(f4(0.0, 1), f4(-0.0, 1))
    assert (found.relation, found.bytes_equal, found.differing) == (EQUIVALENT, False, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e20, 1e-25, 3e38, 1e-38])
def test_neither_huge_nor_tiny_floats_overflow(dtype: type, size: float) -> None:
    one: Array = (normal(500).astype(np.float64) / 8 * size).astype(dtype)
    found = compare(one, one * dtype(1.5))
    assert found.cosine == pytest.approx(1.0, abs=1e-6)
    assert found.relative_error == pytest.approx(0.5, rel=1e-2)


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e308])
def test_doubles_at_the_ends_of_their_range_are_scaled(size: float) -> None:
    one = np.array([1.0, -0.5, 0.25]) * size
    found = compare(one, -one)
    assert found.cosine == pytest.approx(-1.0)
    assert found.relative_error == pytest.approx(2.0)
    assert json.dumps(json_form(found.document()), allow_nan=False)


def test_a_cosine_near_one_keeps_its_digits() -> None:
    rng = np.random.default_rng(3)
    one = 5 + rng.normal(size=100_000) * 1e-4
    other = one + rng.normal(size=100_000) * 1e-7
    u, v = one.astype(np.longdouble), other.astype(np.longdouble)
    exact = np.sum((u / np.sqrt((u * u).sum()) - v / np.sqrt((v * v).sum())) ** 2) / 2
    found = compare(one, other).cosine
    assert found is not None
    assert 1 - found == pytest.approx(float(exact), rel=0.3)
    assert found <= 1.0


@pytest.mark.parametrize(
    ("dtype", "left", "right", "apart"),
    [
        (np.uint8, 5, 250, 245),
        (np.int8, -128, 127, 255),
        (np.int16, -32768, 32767, 65535),
        (np.uint32, 0, 4294967295, 4294967295),
    ],
)
def test_integers_are_widened_before_they_are_subtracted(dtype: type, left: int, right: int, apart: int) -> None:
    found = compare(np.array([left], dtype), np.array([right], dtype))
    assert (found.max_abs, found.mean) == (apart, apart)


def test_64_bit_integers_one_apart_beyond_2_to_the_53_differ_by_one() -> None:
    found = compare(np.array([2**60], np.int64), np.array([2**60 + 1], np.int64))
    assert (found.max_abs, found.relation) == (1.0, EQUIVALENT)


def codes(count: int = 4000) -> Array:
    return np.random.default_rng(1).integers(0, 256, count).astype(np.float32)


def test_within_one_step_both_ways_is_equivalent() -> None:
    one = codes() * np.float32(0.0371)
    other = one + np.random.default_rng(2).integers(-1, 2, one.size).astype(np.float32) * np.float32(0.0371)
    assert compare(one, other, step=0.0371).relation is EQUIVALENT


def test_truncation_for_rounding_is_a_shift_though_no_element_is_more_than_a_step_off() -> None:
    one = codes()
    other = one - np.random.default_rng(2).integers(0, 2, one.size).astype(np.float32)
    found = compare(one, other, step=1.0)
    assert (found.relation, found.shifted) == (SIMILAR, True)
    assert found.mean_steps == pytest.approx(-0.5, abs=0.05)


def test_99_elements_that_lean_to_one_side_are_no_shift_yet_and_100_are() -> None:
    one = codes(1000)
    for count, shifted in ((99, False), (100, True)):
        other = one.copy()
        other[:count] += 1
        assert compare(one, other, step=1.0).shifted is shifted


def test_a_lean_too_small_to_matter_is_no_shift() -> None:
    one = codes(10_000)
    other = one.copy()
    other[:400] += 1
    assert compare(one, other, step=1.0).relation is EQUIVALENT


def test_signs_in_balance_are_no_shift_whatever_their_sizes() -> None:
    one = codes(1000)
    other = one.copy()
    other[:310] += 1
    other[310:600] -= np.float32(0.5)
    found = compare(one, other, step=1.0)
    assert found.mean_steps == pytest.approx(0.165)
    assert found.relation is EQUIVALENT


def test_without_a_step_and_a_tolerance_only_equal_values_are_equivalent() -> None:
    one = normal(1000)
    assert compare(one, one * np.float32(1 + 1e-6)).relation is SIMILAR


def test_a_tolerance_makes_equivalent_what_lies_within_it() -> None:
    one = normal(1000)
    other = one + np.float32(0.001)
    assert compare(one, other, atol=0.0011).relation is EQUIVALENT
    found = compare(one, other, atol=0.0005)
    assert (found.relation, found.outside_tolerance) == (SIMILAR, 1000)


def test_the_tolerance_that_would_pass_passes() -> None:
    one, other = normal(1000), normal(1000) + normal(1000, 5) * np.float32(0.01)
    found = compare(one, other, rtol=0.001)
    assert found.passing_atol is not None
    assert compare(one, other, rtol=0.001, atol=found.passing_atol).outside_tolerance == 0
    assert compare(one, other, rtol=0.001, atol=found.passing_atol * 0.99).outside_tolerance != 0


def test_a_tolerance_of_zero_passes_nothing_that_differs() -> None:
    found = compare(normal(1000), normal(1000, 1), atol=0.0)
    assert (found.relation, found.outside_tolerance) == (DIFFERENT, 1000)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_a_tolerance_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="no tolerance"):
        compare(f4(1), f4(1), atol=bad)


@pytest.mark.parametrize(("turned", "relation"), [(0.99, SIMILAR), (0.97, DIFFERENT)])
def test_the_line_lies_at_98_percent(turned: float, relation: Relation) -> None:
    a, b = np.eye(2)
    found = compare(a, turned * a + np.sqrt(1 - turned**2) * b)
    assert found.relation is relation
    assert found.cosine == pytest.approx(turned)


def test_the_other_byte_order_is_no_other_dtype() -> None:
    one = np.arange(9, dtype=">f4")
    assert compare(one, one.astype("<f4")).relation is IDENTICAL


def test_tensors_needn_t_be_contiguous() -> None:
    one = normal(300).reshape(3, 100)
    assert compare(one.T, np.ascontiguousarray(one.T)).relation is IDENTICAL


def test_a_document_is_json_without_nan(tmp_path: object) -> None:
    found: list[Comparison] = [
        compare(f4(0, 0), f4(0, 3)),
        compare(f4(np.nan, 1), f4(2, 1)),
        compare(f4(), f4()),
        compare(f4(1), np.ones(1, np.uint8)),
    ]
    for one in found:
        assert json.loads(json.dumps(json_form(one.document()), allow_nan=False))["relation"] == one.relation.value


def test_relations_are_ordered_strictest_first() -> None:
    assert IDENTICAL.at_least(EQUIVALENT)
    assert not SIMILAR.at_least(EQUIVALENT)
    assert not INVALID.at_least(DIFFERENT)


@pytest.mark.parametrize("factor", [1.2e-38, 1e-9, 0.4, 3.0, 1e30])
def test_the_cosine_of_parallel_vectors_is_one_whatever_their_lengths(factor: float) -> None:
    one = np.array([1, 2, 3], np.float32)
    assert compare(one, one * np.float32(factor)).cosine == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (f4(3, np.nan, np.inf), f4(3, np.nan, np.inf), 0.0),
        (f4(3, 4, np.inf), f4(3, 4, -np.inf), np.inf),
        (f4(3, 4, 0), f4(3, 4, np.nan), np.inf),
        (f4(3, 4, np.nan), f4(3, 9, np.nan), 1.0),
    ],
)
def test_the_relative_error_alone_is_never_nan(right: Array, wrong: Array, expected: float) -> None:
    assert relative_error(right, wrong) == expected


@pytest.mark.parametrize("step", [np.nan, np.inf])
def test_a_step_that_is_no_number_is_none(step: float) -> None:
    document = json_form(compare(f4(1, 2), f4(1, 3), step=step).document())
    assert json.loads(json.dumps(document, allow_nan=False))["step"] is None
