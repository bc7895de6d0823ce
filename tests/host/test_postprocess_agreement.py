"""Decisions held against each other: by kind, within tolerances, and what differs said in words."""

from typing import Any

import pytest
from axpair_host.postprocess.agreement import differences, only_scores_differ, same_decision
from axpair_host.postprocess.comparable import comparable, form_of
from axpair_host.postprocess.forms import is_telling

DOG = {"label": "dog", "score": 0.93, "box": [10, 20, 110, 220]}
CAT = {"label": "cat", "score": 0.8, "box": [300, 40, 380, 120]}


def moved(entry: dict[str, Any], right: float, down: float = 0.0, **more: Any) -> dict[str, Any]:
    x1, y1, x2, y2 = entry["box"]
    return {**entry, "box": [x1 + right, y1 + down, x2 + right, y2 + down], **more}


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("dog", {"label": "dog", "score": 0.4}),
        (285, [{"label": 285, "score": 11.4}, {"label": 283, "score": 10.8}]),
        ({"label": "dog", "score": 0.93}, {"class": "dog", "score": 0.9, "id": 16}),
        ({"top": [{"label": 1, "score": 9.0}]}, [{"label": 1, "score": 9.1}, {"label": 2, "score": 3.0}]),
        ([DOG, CAT], [moved(CAT, 5), moved(DOG, -5, score=0.88)]),
        ({"boxes": [[10, 20, 110, 220, 0.9, "dog"]]}, [DOG]),
        ({"boxes": [[10, 20, 110, 220]], "scores": [0.9], "labels": ["dog"]}, [DOG]),
        ([DOG], [{"x1": 10, "y1": 20, "x2": 110, "y2": 220, "label": "dog"}]),
        ([], []),
        ([0.5, 100.0], [1.5, 100.0]),
        ({"numbers": [1.0, 2.0], "tolerance": 0.5}, [1.4, 2.4]),
        ({"label": "dog", "score": 0.9, "score_tolerance": 0.5}, {"label": "dog", "score": 0.5}),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        (180, {"label": "180", "score": 0.86}),
        ("180", [{"label": 180, "score": 0.96}, {"label": 0, "score": 0.04}]),
        ({"label": 180.0}, "180"),
        ([{**DOG, "label": 16}], [{**DOG, "label": "16"}]),
        ({"boxes": [[10, 20, 110, 220, 0.9, 16]]}, {"boxes": [[10, 20, 110, 220]], "labels": ["16"]}),
        ({"id": 7, "angle": 30}, {"id": "7", "angle": 30}),
        ("dog", {"label": "dog", "score": 0.9, "angle": 30}),
        ("true", True),
    ],
)
def test_what_says_the_same_is_the_same(expected: Any, said: Any) -> None:
    assert differences(expected, said) == []


NINES = (9, 9.0, "9", "9.0", "9.00", {"label": 9.0}, {"label": "9.0"}, {"label": "9"}, [{"label": "9.0", "score": 0.2}])


@pytest.mark.parametrize("said", NINES)
@pytest.mark.parametrize("expected", NINES)
def test_a_whole_number_is_one_label_with_and_without_a_point(expected: Any, said: Any) -> None:
    assert differences(expected, said) == []
    assert comparable(expected, said)


@pytest.mark.parametrize(("expected", "said"), [("009", 9), ("9.5", 9), (9.0, {"label": "90"}), ("v9.0", {"label": 9})])
def test_what_only_looks_like_a_number_is_another_label(expected: Any, said: Any) -> None:
    assert differences(expected, said) != []


@pytest.mark.parametrize(
    ("expected", "said", "words"),
    [
        ("dog", {"label": "cat", "score": 0.4}, "dog expected, cat (0.4) said"),
        ({"label": "dog", "score": 0.93}, {"label": "dog", "score": 0.5}, "dog (0.93) expected, dog (0.5) said"),
        (285, [{"label": 283, "score": 11.4}, {"label": 285, "score": 10.8}], "285 expected, 283 (11.4) said"),
        ([DOG], [moved(DOG, 90, 7)], "dog (0.93) shifted by 90 right and 7 down"),
        ([DOG], [moved(DOG, 0, -150)], "dog (0.93) shifted by 150 up"),
        ([DOG, CAT], [DOG], "1 missing: cat (0.8) at [300, 40, 380, 120]"),
        ([], [DOG], "1 too many: dog (0.93) at [10, 20, 110, 220]"),
        ([DOG], [{**DOG, "label": "cat"}], "1 missing: dog"),
        ([DOG], [{**DOG, "score": 0.4}], "dog (0.93) expected, dog (0.4) said"),
        ([0.5, 100.0], [9.5, 100.0], "1 of 2 numbers differ, most 0.5 expected, 9.5 said"),
        ([1, 2], [1, 3], "1 of 2 numbers differ, most 2 expected, 3 said"),
        ([[1.0, 2.0]], [[1.0], [2.0]], "[1, 2] numbers expected, [2, 1] said"),
        ({"a": 1, "b": 2}, {"a": 1}, "other keys: b"),
        ({"label": "dog", "angle": 3}, {"label": "dog", "angle": 9}, "angle: 3 expected, 9 said"),
        (True, 1, "true expected, 1 said"),
        ("007", 7, '"007" expected, 7 said'),
        (90, {"label": "180", "score": 0.4}, "90 expected, 180 (0.4) said"),
        (None, [], "null expected, [] said"),
    ],
)
def test_what_says_otherwise_is_told_in_words(expected: Any, said: Any, words: str) -> None:
    assert words in "; ".join(differences(expected, said))
    assert not same_decision(expected, said)


def test_of_two_boxes_that_overlap_each_takes_its_own() -> None:
    near = moved(DOG, 20, score=0.5)
    assert differences([DOG, near], [near, DOG]) == []


def test_a_box_without_area_or_inside_out_is_the_same_as_itself() -> None:
    flat, inside_out = {"box": [5, 5, 5, 9]}, {"box": [100, 50, 20, 10]}
    assert differences([flat, inside_out], [inside_out, flat]) == []
    assert differences([inside_out], [moved(inside_out, 30)]) != []


def test_an_expectation_may_bring_its_own_overlap() -> None:
    wide = {"boxes": [DOG], "iou": 0.1}
    assert differences(wide, [moved(DOG, 60)]) == []
    assert differences([DOG], [moved(DOG, 60)]) == ["dog (0.93) shifted by 60 right (IoU 0.25)"]


def test_a_box_that_vanished_and_one_far_off_are_not_one_that_moved() -> None:
    far, near = moved(DOG, 300, score=0.5), moved(DOG, 90)
    assert [one[:9] for one in differences([DOG], [far])] == ["1 missing", "1 too man"]
    assert differences([DOG, moved(DOG, 1000)], [moved(DOG, 1070), near]) == [
        "dog (0.93) shifted by 70 right (IoU 0.18)",
        "dog (0.93) shifted by 90 right (IoU 0.05)",
    ]


def test_below_the_best_ties_may_change_places_and_fall_off_the_end() -> None:
    first, second, third = ({"label": name, "score": score} for name, score in (("a", 0.9), ("b", 0.50), ("c", 0.49)))
    assert differences([first, second, third], [first, third, second]) == []
    assert differences([first, second], [first, third]) == []
    far = {"label": "d", "score": 0.1}
    assert differences([first, {"label": "z", "score": 0.6}], [first, far]) == ["z (0.6) isn't among the 2 best"]


@pytest.mark.parametrize(
    ("decision", "telling"),
    [
        ("dog", False),
        (90, False),
        ([], False),
        ({"label": 1}, False),
        ({"label": 1, "score": 0.5}, True),
        ([DOG], True),
    ],
)
def test_a_bare_label_may_agree_by_chance(decision: Any, telling: bool) -> None:
    assert is_telling(decision) is telling


@pytest.mark.parametrize(
    ("expected", "said", "moved"),
    [
        ({"label": "180", "score": 0.858}, {"label": 180, "score": 0.961}, True),
        ([DOG, CAT], [{**DOG, "score": 0.7}, CAT], True),
        ([DOG, CAT], [{**DOG, "score": 0.7}], False),
        ({"label": "dog", "score": 0.9}, {"label": "cat", "score": 0.3}, False),
        ({"label": "dog", "score": 0.9}, {"label": "dog", "score": "NaN"}, False),
        ({"label": "dog", "score": 0.9}, {"label": "dog", "score": 0.9}, False),
        ([0.5, 1.5], [0.9, 1.5], False),
    ],
)
def test_another_score_of_the_same_decision_is_told_from_another_decision(
    expected: Any, said: Any, moved: bool
) -> None:
    assert only_scores_differ(expected, said) is moved


@pytest.mark.parametrize(
    ("one", "other", "forms"),
    [
        (1, [1, 0.96], ("a label", "a list of 2 numbers")),
        (1, [["1", 0.96], ["2", 0.04]], ("a label", "a list of 2 entries")),
        ("cat", [DOG], ("a label", "boxes")),
        ("cat", 0.25, ("a label", "a number")),
        ([DOG], [[10, 20, 110, 220, 0.9, 16]], ("boxes", "a list of one number")),
        ([{"label": 1, "score": 0.9}], [DOG], ("a list of one label", "boxes")),
        ({"numbers": [1, 2], "tolerance": 3}, {"a": 3}, ("a list of numbers", "a mapping of other keys")),
    ],
)
def test_decisions_of_two_forms_can_t_be_compared(one: Any, other: Any, forms: tuple[str, str]) -> None:
    assert (form_of(one), form_of(other)) == forms
    assert not comparable(one, other)
    assert not comparable(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "cat"),
        (1, 0.5),
        (None, [DOG]),
        ([], "cat"),
        ([], [0.5]),
        ([1, 2], [[1], [2]]),
        (True, 1),
        ({"a": 1}, {"b": 1}),
        ([1, 2], [1, None]),
        ("dog", {"label": "dog", "angle": 30}),
        ({"numbers": 3}, 0.5),
    ],
)
def test_what_shares_a_form_can_be_compared(one: Any, other: Any) -> None:
    assert comparable(one, other)
    assert comparable(other, one)
