"""Parts of unlike range are looked at apart, and only those."""

from typing import Any

import numpy as np
from axpair_host.compare import compare
from axpair_host.compare.slices import part_axes

Array = np.ndarray[Any, Any]


def detector(seed: int = 0) -> Array:
    """Boxes (0..320) and scores (0..0.6) in one tensor, 1 x 84 x 400."""
    rng = np.random.default_rng(seed)
    out = rng.uniform(0, 0.6, (1, 84, 400)).astype(np.float32)
    out[:, :4] = rng.uniform(0, 320, (1, 4, 400))
    return out


def quantised(tensor: Array, step: float) -> Array:
    whole: Array = (np.rint(tensor / step) * step).astype(np.float32)
    return whole


def test_one_scale_over_boxes_and_scores_kills_the_scores_and_the_whole_cosine_hides_it() -> None:
    one = detector()
    found = compare(one, quantised(one, 320 / 255), layout="")
    assert found.cosine is not None
    assert found.cosine > 0.999
    assert len(found.slices) == 16
    assert all(part.vanished and part.axis == 1 and part.index >= 4 for part in found.slices)


def test_a_scale_of_its_own_for_the_scores_collapses_nothing() -> None:
    one = detector()
    other = quantised(one, 320 / 255)
    other[:, 4:] = quantised(one[:, 4:], 0.6 / 255)
    assert compare(one, other, layout="").slices == ()


def test_a_small_slice_below_the_line_counts_while_the_whole_is_above() -> None:
    one = np.random.default_rng(1).normal(size=(1, 6, 8, 8)).astype(np.float32) * 100
    one[:, 5] *= 0.001
    other = one.copy()
    other[:, 5] = other[:, 5, ::-1]
    (part,) = compare(one, other, layout="NCHW").slices
    assert (part.index, part.vanished) == (5, False)
    assert part.cosine < 0.98


def test_below_the_line_as_a_whole_only_vanished_slices_count() -> None:
    one = np.random.default_rng(1).normal(size=(1, 6, 8, 8)).astype(np.float32) * 100
    one[:, 5] *= 0.001
    other = np.random.default_rng(2).normal(size=one.shape).astype(np.float32)
    assert compare(one, other, layout="NCHW").slices == ()


def test_slices_of_like_range_are_no_parts() -> None:
    one = np.random.default_rng(1).normal(size=(1, 6, 8, 8)).astype(np.float32)
    other = one.copy()
    other[:, 2] = 0
    assert compare(one, other, layout="NCHW").slices == ()


def test_absent_classes_of_probabilities_are_no_lost_part() -> None:
    one = np.random.default_rng(1).uniform(0, 0.002, (1, 5, 20, 20)).astype(np.float32)
    one[:, 0, 3:6, 3:6] = 0.97
    assert compare(one, quantised(one, 1 / 255), layout="NCHW").slices == ()


def test_a_class_that_reached_a_percent_and_vanished_is_one() -> None:
    one = np.random.default_rng(1).uniform(0, 0.002, (1, 5, 20, 20)).astype(np.float32)
    one[:, 0, 3:6, 3:6] = 0.97
    one[:, 2, 9, 9] = 0.05
    other = quantised(one, 1 / 255)
    other[:, 2] = 0
    assert [part.index for part in compare(one, other, layout="NCHW").slices] == [2]


def test_channels_are_parts_and_places_are_not() -> None:
    assert part_axes((1, 10, 30, 40), "NCHW") == (1,)
    assert part_axes((1, 30, 40, 10), "NHWC") == (3,)
    assert part_axes((1, 84, 400), "") == (1, 2)
    assert part_axes((1, 4), "") == ()
    assert part_axes((64, 4), "") == (1,)
    assert part_axes((), "") == ()


def test_numbers_of_slices_are_those_of_the_slices_in_blocks_too() -> None:
    one = np.random.default_rng(1).normal(size=(2, 7, 400, 500)).astype(np.float32) * 50
    one[:, 3] *= 0.01
    other = one.copy()
    other[:, 3] += np.random.default_rng(3).normal(size=(2, 400, 500)) * 0.5
    for layout, a, b in (("NCHW", one, other), ("NHWC", *(np.moveaxis(x, 1, 3).copy() for x in (one, other)))):
        (part,) = compare(a, b, layout=layout).slices
        u, v = (x[:, 3].astype(np.float64).reshape(-1) for x in (one, other))
        assert abs(part.cosine - u @ v / np.linalg.norm(u) / np.linalg.norm(v)) < 1e-9
        assert (part.range, part.elements) == ((u.min(), u.max()), u.size)


def test_nan_in_a_slice_is_left_out_of_its_numbers() -> None:
    one = detector()
    other = quantised(one, 320 / 255)
    one[0, 10, 3] = other[0, 10, 3] = np.nan
    assert all(np.isfinite(part.cosine) for part in compare(one, other, layout="").slices)
