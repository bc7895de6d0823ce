"""The smallest subset, and what makes two findings one."""

import itertools
from typing import Any

import numpy as np
import pytest
from axpair_host.documents.reduced import Signature
from axpair_host.reduce.cover import Shown, smallest_cover
from axpair_host.reduce.signature import signature_of


def marks(letters: str) -> frozenset[Signature]:
    return frozenset(Signature(letter, ()) for letter in letters)


def cover(*shown: tuple[str, str, int]) -> list[str]:
    return smallest_cover(Shown(case, marks(letters), size) for case, letters, size in shown)


def test_one_case_stays_for_each_finding() -> None:
    assert cover(("1", "a", 5), ("2", "a", 5), ("3", "b", 5), ("4", "", 1), ("5", "c", 5)) == ["1", "3", "5"]


def test_of_cases_that_show_the_same_the_smallest_stays() -> None:
    assert cover(("1", "a", 5), ("2", "a", 3), ("3", "a", 3)) == ["2"]


def test_a_case_that_shows_two_findings_stands_for_both() -> None:
    assert cover(("1", "a", 1), ("2", "b", 1), ("3", "ab", 9)) == ["3"]


def test_of_equally_small_subsets_the_clearest_is_taken() -> None:
    assert cover(("1", "ab", 5), ("2", "abc", 1), ("3", "cd", 5), ("4", "bcd", 1)) == ["1", "3"]


def test_greed_would_take_three_where_two_do() -> None:
    assert cover(("big", "abcd", 1), ("left", "abe", 1), ("right", "cdf", 1)) == ["left", "right"]


@pytest.mark.parametrize("seed", range(20))
def test_no_smaller_subset_shows_everything(seed: int) -> None:
    random = np.random.default_rng(seed)
    letters = ["".join(random.choice(list("abcdefg"), int(random.integers(0, 4)), False)) for _ in range(9)]
    chosen = cover(*((str(at), one, int(random.integers(1, 9))) for at, one in enumerate(letters)))
    everything = set("".join(letters))
    assert set("".join(letters[int(at)] for at in chosen)) == everything
    for fewer in itertools.combinations(letters, max(0, len(chosen) - 1)):
        assert set("".join(fewer)) != everything or not chosen


def finding(name: str, outputs: tuple[str, ...] = ("map",), **evidence: Any) -> dict[str, Any]:
    return {"code": name, "outputs": list(outputs), "evidence": evidence}


def disagreeing(*words: str, differing: int = 3) -> dict[str, Any]:
    return finding("AX306", rounds=2, outputs=("map",)) | {
        "evidence": {"rounds": 2, "outputs": {"map": {"differing": differing, "signature": list(words)}}}
    }


def losing(**cosines: float) -> dict[str, Any]:
    outputs = {name: {"onnx_lava": cosine, "lava_joint": None} for name, cosine in cosines.items()}
    return finding("AX201", tuple(cosines)) | {"evidence": {"line": 0.98, "outputs": outputs}}


ALIKE = [
    (disagreeing(differing=3), disagreeing("the differences lean to one side by +0.31 steps", differing=700)),
    (
        finding("AX305", ("map",)) | {"evidence": {"outputs": {"map": {"bits": [15], "first_element": 3}}}},
        finding("AX305", ("prob",)) | {"evidence": {"outputs": {"prob": {"bits": [15], "first_element": 80}}}},
    ),
    (finding("AX307", kind="crash", signal="SIGSEGV", message="a"), finding("AX307", kind="crash", signal="SIGSEGV")),
    (losing(a=0.8), losing(a=0.5, b=0.9)),
    (finding("AX206", ("a", "b"), pair="onnx_lava"), finding("AX206", ("b", "a"))),
]
APART = [
    (disagreeing(), disagreeing("half a step low on average: truncation for rounding")),
    (disagreeing(), finding("AX306", ("map", "prob"))),
    (disagreeing(), finding("AX314")),
    (
        finding("AX305") | {"evidence": {"outputs": {"map": {"bits": [15]}}}},
        finding("AX305") | {"evidence": {"outputs": {"map": {"bits": [3]}}}},
    ),
    (
        finding("AX302") | {"evidence": {"outputs": {"map": {"belongs_to": "the probe", "lines": None}}}},
        finding("AX302") | {"evidence": {"outputs": {"map": {"belongs_to": "the probe", "lines": 8}}}},
    ),
    (finding("AX307", kind="crash", signal="SIGSEGV"), finding("AX307", kind="error", code=0x80060085)),
    (finding("AX103", input_read_as=["swapped"]), finding("AX103", input_read_as=["planar"])),
    (losing(a=0.8), losing(a=0.9, b=0.5)),
    (finding("AX206", ("a",)), finding("AX206", ("a", "b"))),
    (finding("AX202", layers=[{"name": "c1"}]), finding("AX202", layers=[{"name": "c2"}])),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_figures_that_change_with_the_input_make_no_two_findings_of_one(one: Any, other: Any) -> None:
    assert signature_of(one) == signature_of(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_marks_are_another_finding(one: Any, other: Any) -> None:
    assert signature_of(one) != signature_of(other)
