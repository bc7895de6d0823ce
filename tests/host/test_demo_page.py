"""The demo's pages and post-processors."""

import numpy as np
import pytest
from axpair_host.demo.page import SIDE, draw_page, turn
from axpair_host.demo.postprocessors import LABELS, angle, angle_with_rotated_labels


def test_a_seed_gives_the_same_page_and_another_one_another() -> None:
    assert draw_page(1).tobytes() == draw_page(1).tobytes()
    assert draw_page(1).tobytes() != draw_page(2).tobytes()
    assert draw_page(1).size == (SIDE, SIDE)


def test_turning_by_90_is_clockwise_and_loses_nothing() -> None:
    page = draw_page(0)
    pixels = np.asarray(page)
    assert np.array_equal(np.asarray(turn(page, 90)), np.rot90(pixels, -1))
    assert turn(turn(page, 90), 270).tobytes() == page.tobytes()


@pytest.mark.parametrize("place", range(4))
def test_the_angle_is_the_label_of_the_highest_score(place: int) -> None:
    scores = {"scores": np.eye(4, dtype=np.float32)[None, place]}
    assert angle(scores) == LABELS[place]
    assert angle_with_rotated_labels(scores) == LABELS[(place + 1) % 4]
