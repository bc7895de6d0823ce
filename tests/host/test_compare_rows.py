"""Rows that stand in the order of a score: matched, moved, replaced at the cut; and never a real loss excused."""

from typing import Any

import numpy as np
import pytest
from axpair_host.compare.rows import compare_outputs
from axpair_proto.row_matching import matched_rows

Array = np.ndarray[Any, Any]
ROWS = 20


def detections(seed: int = 0) -> dict[str, Array]:
    """Boxes, falling scores and classes of 20 rows; the fourth and fifth score are nearly the same."""
    random = np.random.default_rng(seed)
    scores = np.sort(random.uniform(0.3, 0.9, (1, ROWS)).astype(np.float32))[:, ::-1].copy()
    scores[0, 4] = scores[0, 3] - 1e-4
    boxes = random.normal(size=(1, ROWS, 4)).astype(np.float32)
    return {"boxes": boxes, "scores": scores, "classes": random.integers(0, 9, (1, ROWS))}


def noisy(tensors: dict[str, Array], size: float = 0.005) -> dict[str, Array]:
    """Boxes off by little; scores stay, and with them their order."""
    noise = np.random.default_rng(5).normal(scale=size, size=tensors["boxes"].shape)
    return {**tensors, "boxes": (tensors["boxes"] + noise).astype(np.float32)}


def picked(tensors: dict[str, Array], order: Array) -> dict[str, Array]:
    return {name: one[:, order] for name, one in tensors.items()}


ORDERING = dict.fromkeys(("boxes", "scores", "classes"), "TopK")


def swapped(*pairs: tuple[int, int]) -> Array:
    order = np.arange(ROWS)
    for one, other in pairs:
        order[[one, other]] = order[[other, one]]
    return order


def test_near_ties_that_changed_places_are_matched_over_all_outputs() -> None:
    wanted = detections()
    given = picked(noisy(wanted), swapped((3, 4)))
    plain = compare_outputs(wanted, given, {})
    assert plain["boxes"].cosine is not None
    assert plain["boxes"].cosine < 0.98
    found = compare_outputs(wanted, given, ORDERING)
    reordered = found["boxes"].reordered
    assert found["boxes"].cosine is not None
    assert found["boxes"].cosine > 0.999
    assert reordered is not None
    assert (reordered.operator, reordered.moved, reordered.replaced) == ("TopK", 2, 0)
    assert reordered.cosine_in_place == plain["boxes"].cosine
    # What is alike as it stands is left as it is.
    assert found["scores"].reordered is None


def test_another_row_at_the_cut_is_left_out_and_counted() -> None:
    wanted = detections()
    given = noisy(wanted)
    given["boxes"][0, -1] = [5, -5, 5, -5]
    given["classes"] = given["classes"].copy()
    given["classes"][0, -1] = 77
    found = compare_outputs(wanted, given, ORDERING)["boxes"]
    assert found.cosine is not None
    assert found.cosine > 0.999
    assert found.reordered is not None
    assert (found.reordered.moved, found.reordered.replaced) == (0, 1)


@pytest.mark.parametrize("at", [0, 9])
def test_a_wrong_row_above_the_cut_is_a_loss(at: int) -> None:
    wanted = detections()
    given = noisy(wanted)
    given["boxes"][0, at] = [5, -5, 5, -5]
    found = compare_outputs(wanted, given, ORDERING)["boxes"]
    assert found.reordered is None
    assert found.cosine is not None
    assert found.cosine < 0.98


def test_boxes_that_belong_to_other_scores_are_no_other_order() -> None:
    """Each output alone could be put in order; together they can't."""
    wanted = detections()
    given = noisy(wanted)
    given["boxes"] = given["boxes"][:, np.random.default_rng(1).permutation(ROWS)]
    assert matched_rows(wanted, given, ORDERING) == {}


def test_boxes_of_noise_are_a_loss() -> None:
    wanted = detections()
    given = {**noisy(wanted), "boxes": detections(8)["boxes"]}
    assert matched_rows(wanted, given, ORDERING) == {}


def test_a_matrix_of_rows_as_nms_gives_it_and_batches_are_matched_each_for_itself() -> None:
    random = np.random.default_rng(2)
    rows = random.normal(size=(12, 6)).astype(np.float32)
    order = random.permutation(12)
    found = compare_outputs({"det": rows}, {"det": rows[order]}, {"det": "NonMaxSuppression"})["det"]
    assert found.relation.value == "EQUIVALENT"
    assert not found.bytes_equal
    batch = random.normal(size=(3, 12, 6)).astype(np.float32)
    turned = np.stack([item[random.permutation(12)] for item in batch])
    assert compare_outputs({"det": batch}, {"det": turned}, {"det": "TopK"})["det"].cosine == pytest.approx(1.0)


def test_outputs_that_nothing_orders_stay_as_they_stand() -> None:
    wanted = detections()
    given = picked(wanted, swapped((3, 4)))
    assert all(one.reordered is None for one in compare_outputs(wanted, given, {}).values())


def test_values_that_are_not_finite_are_not_matched() -> None:
    wanted, given = detections(), detections()
    given["boxes"][0, 3, 0] = np.nan
    assert "boxes" not in matched_rows(wanted, given, ORDERING)
