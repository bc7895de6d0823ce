"""Misreadings of right outputs: a small detector and classifier with each mistake, and which reading explains it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.diagnosis import Verdict, diagnose
from axpair_host.evidence.folder import load as load_folder
from axpair_host.evidence.record import OutputFacts
from axpair_host.evidence.store import write_pair_json
from axpair_host.postprocess.expect import Expected
from axpair_host.postprocess.loading import Postprocessor
from axpair_host.postprocess.stored import rejudged
from host.evidence_builder import Ran, build, noisy

Array = np.ndarray[Any, Any]
HEIGHT, WIDTH, Q = 6, 8, 512


def outputs() -> dict[str, Array]:
    """Scores of three classes over a grid, NHWC, and two maps of offsets of one shape."""
    random = np.random.default_rng(3)
    scores = random.uniform(0.01, 0.2, (1, HEIGHT, WIDTH, 3))
    for row, column, kind, score in ((1, 2, 0, 0.9), (4, 5, 2, 0.8)):
        scores[0, row, column, kind] = score
    sizes = random.uniform(1, 3, (1, HEIGHT, WIDTH, 2))
    offsets = random.uniform(-2, 2, (1, HEIGHT, WIDTH, 2))
    arrays = {"scores": scores, "sizes": sizes, "offsets": offsets}
    return {name: np.rint(array * Q).astype(np.int16) for name, array in arrays.items()}


RIGHT = outputs()
FACTS = {
    name: OutputFacts(name, name, array.dtype.name, array.shape, "NHWC", q=Q, step=1 / Q)
    for name, array in RIGHT.items()
}


def detect(
    tensors: Mapping[str, Array],
    *,
    before: Callable[[Array], Array] = lambda array: array,
    after: Callable[[Array], Array] = lambda array: array,
    q: float = Q,
    order: tuple[str, str] = ("sizes", "offsets"),
    threshold: float = 0.5,
    labels: tuple[str, ...] = ("cat", "dog", "cow"),
) -> list[dict[str, Any]]:
    """Boxes where a class is likely; every argument is a place where one goes wrong."""
    read = {name: before(array).astype(np.float64) / q for name, array in tensors.items()}
    scores, sizes, offsets = (read[name] for name in ("scores", *order))
    scores = after(scores)
    found: list[dict[str, Any]] = []
    for row, column, kind in np.argwhere(scores[0] > threshold)[:50]:
        high, wide = sizes[0, row, column]
        y, x = (row, column) + offsets[0, row, column]
        box = [x - wide, y - high, x + wide, y + high]
        found.append(
            {"label": labels[kind], "score": float(scores[0, row, column, kind]), "box": list(map(float, box))}
        )
    return found


def sigmoid(array: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-array)))


def as_nchw(array: Array) -> Array:
    """The bytes of NHWC taken for NCHW, then looked up where NHWC would be."""
    n, h, w, c = array.shape
    return np.ascontiguousarray(array.reshape(n, c, h, w).transpose(0, 2, 3, 1))


EXPECTED = detect(RIGHT)
MISTAKES: dict[str, tuple[str, dict[str, Any]]] = {
    "layout": ("AX401", {"before": as_nchw}),
    "Q left in": ("AX402", {"q": 1.0, "threshold": 0.5}),
    "Q divided out twice": ("AX402", {"q": float(Q * Q)}),
    "order": ("AX403", {"order": ("offsets", "sizes")}),
    "sigmoid twice": ("AX404", {"after": sigmoid}),
}


def wrong(**mistake: Any) -> Postprocessor:
    return Postprocessor("post:detect", lambda tensors: detect(tensors, **mistake))


def judged(folder: Path, post: Postprocessor, expect: Any = None, observed: Any = None, **more: Any) -> Verdict:
    legs: dict[str, Any] = {"onnx": RIGHT, "lava_joint": RIGHT, "joint": RIGHT, **more}
    if not (folder / "pair.json").exists():
        build(folder, **legs, rounds=[Ran(legs["joint"])] * 2, declared=FACTS)
    again = rejudged(
        load_folder(folder),
        post,
        Expected(expect is not None, expect),
        Expected(observed is not None, observed),
    )
    verdict = diagnose(again.evidence, asks=again)
    write_pair_json(folder, again.evidence.record, None)
    assert diagnose(load_folder(folder)).document() == verdict.document()
    return verdict


def ended(verdict: Verdict) -> list[tuple[str, str, bool]]:
    return [(one.code, one.owner, one.proven) for one in verdict.findings]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_reading_is_proven_by_undoing_it(tmp_path: Path, name: str) -> None:
    code, mistake = MISTAKES[name]
    verdict = judged(tmp_path, wrong(**mistake), EXPECTED)
    assert ended(verdict) == [(code, "postprocess", True)]
    assert verdict.findings[0].stage == "application"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_program_s_mistake_is_proven_by_making_it(tmp_path: Path, name: str) -> None:
    code, mistake = MISTAKES[name]
    observed = wrong(**mistake)(RIGHT)
    verdict = judged(tmp_path, wrong(), EXPECTED, observed)
    if not observed:
        # Nothing found at all is what many mistakes end in: none is proven.
        assert all(not proven for _, _, proven in ended(verdict))
        return
    assert ended(verdict) == [(code, "postprocess", True)]
    assert "the program" in verdict.findings[0].summary


def test_outputs_with_different_q_are_exchanged_by_value_as_well(tmp_path: Path) -> None:
    legs = {**RIGHT, "sizes": RIGHT["sizes"] * 2}
    facts = {**FACTS, "sizes": OutputFacts("sizes", "sizes", "int16", RIGHT["sizes"].shape, "NHWC", q=2 * Q)}
    scale = {"scores": Q, "sizes": 2 * Q, "offsets": Q}

    def swapped(tensors: Mapping[str, Array]) -> list[dict[str, Any]]:
        real = {name: array / scale[name] for name, array in tensors.items()}
        return detect(real, q=1.0, order=("offsets", "sizes"))

    build(tmp_path, onnx=legs, joint=legs, rounds=[Ran(legs)] * 2, declared=facts)
    verdict = judged(tmp_path, Postprocessor("post:swapped", swapped), EXPECTED)
    assert ended(verdict) == [("AX403", "postprocess", True)]


def test_a_missing_activation_is_told_from_a_doubled_one(tmp_path: Path) -> None:
    raw = {**RIGHT, "scores": np.rint(np.log(RIGHT["scores"] / (Q - RIGHT["scores"])) * Q).astype(np.int16)}
    legs = dict.fromkeys(("onnx", "lava_joint", "joint"), raw)
    forgetful = judged(tmp_path / "a", wrong(threshold=0.5), EXPECTED, **legs)
    assert [(one.code, one.proven) for one in forgetful.findings] == [("AX404", True)]
    assert "doesn't apply sigmoid" in forgetful.findings[0].summary


def test_two_mistakes_at_once_are_two_findings(tmp_path: Path) -> None:
    verdict = judged(tmp_path, wrong(before=as_nchw, q=1.0), EXPECTED)
    assert [one.code for one in verdict.findings] == ["AX401", "AX402"]


@pytest.mark.parametrize("labels", [("dog", "cow", "cat"), ("cat", "dog", "dog")])
def test_a_plain_bug_is_no_misreading(tmp_path: Path, labels: tuple[str, ...]) -> None:
    verdict = judged(tmp_path, wrong(labels=labels), EXPECTED)
    assert ended(verdict) == [("AX405", "postprocess", False)]
    assert "ways of reading" in verdict.findings[0].summary


def test_a_right_post_processor_is_accused_of_nothing_and_no_reading_is_tried(tmp_path: Path) -> None:
    verdict = judged(tmp_path, wrong(), EXPECTED, EXPECTED)
    assert verdict.verdict == "PASS"
    assert verdict.inquiry.evidence.record.readings is None


def test_one_that_says_something_else_each_time_is_asked_again_before_the_tensors_are_accused(tmp_path: Path) -> None:
    scores = iter((0.1, 0.9, 0.95, 0.93, 0.5, 0.2, 0.4, 0.6, 0.9))
    post = Postprocessor("post:dice", lambda tensors: {"label": "cat", "score": next(scores)})
    build(tmp_path, onnx=RIGHT, lava_joint=RIGHT, joint=RIGHT, rounds=[Ran(RIGHT)] * 2, declared=FACTS)
    again = rejudged(load_folder(tmp_path), post, Expected(leg="onnx"), Expected())
    (finding,) = diagnose(again.evidence, asks=again).findings
    assert (finding.code, finding.proven) == ("AX405", True)
    assert "asked again" in finding.summary


def test_a_score_at_the_threshold_accuses_nobody(tmp_path: Path) -> None:
    close = {**RIGHT, "scores": RIGHT["scores"].copy()}
    close["scores"][0, 4, 5, 2] -= 2
    verdict = judged(tmp_path, wrong(threshold=0.799), EXPECTED, joint=close, lava_joint=close)
    assert ended(verdict) == [("AX406", "none", False)]
    assert "missing: cow" in verdict.findings[0].summary


def test_what_it_makes_of_the_float_outputs_can_be_what_is_expected(tmp_path: Path) -> None:
    post = wrong(labels=("x", "y", "z"))
    build(tmp_path, onnx=RIGHT, lava_joint=RIGHT, joint=RIGHT, rounds=[Ran(RIGHT)] * 2, declared=FACTS)
    again = rejudged(load_folder(tmp_path), post, Expected(leg="onnx"), Expected())
    assert diagnose(again.evidence, asks=again).verdict == "PASS"


def test_a_bare_label_proves_nothing(tmp_path: Path) -> None:
    def best(tensors: Mapping[str, Array]) -> str:
        found = detect(tensors, before=as_nchw)
        return str(found[0]["label"]) if found else "nothing"

    verdict = judged(tmp_path, Postprocessor("post:best", best), "cat")
    assert all(not proven for _, _, proven in ended(verdict))
    assert "AX405" not in [code for code, _, _ in ended(verdict)] or len(ended(verdict)) == 1


@pytest.mark.parametrize(("score", "proven"), [(1.0, False), (0.926, True)])
def test_a_score_given_roughly_proves_no_reading_that_another_comes_near_too(
    tmp_path: Path, score: float, proven: bool
) -> None:
    prob = {"prob": np.array([[0.926, 0.04, 0.02, 0.014]], np.float32)}

    def twice(tensors: Mapping[str, Array]) -> dict[str, Any]:
        raised = np.exp(tensors["prob"][0].astype(np.float64))
        return {"label": int(raised.argmax()), "score": float(raised.max() / raised.sum())}

    build(tmp_path, onnx=prob, joint=prob, rounds=[Ran(prob)] * 2)
    verdict = judged(tmp_path, Postprocessor("post:twice", twice), {"label": 0, "score": score})
    assert ended(verdict) == [("AX404", "postprocess", proven)]
    summary = verdict.findings[0].summary
    assert ("2 readings fit" in summary, "applies sigmoid" in summary) == (not proven, not proven)
    assert "applies softmax" in summary
    assert summary.startswith("the post-processor") == proven


@pytest.mark.parametrize(("score", "proven"), [(0.48, False), (0.6543, False), (0.568, True)])
def test_a_program_s_score_that_is_only_near_proves_no_misreading(tmp_path: Path, score: float, proven: bool) -> None:
    """Misread, the score is 0.5682; that is said, whatever the program gave."""
    prob = {"prob": np.array([[0.2745, 0.24, 0.25, 0.2355]], np.float32)}

    def best(tensors: Mapping[str, Array]) -> dict[str, Any]:
        scores = tensors["prob"][0]
        return {"label": int(scores.argmax()), "score": float(scores.max())}

    build(tmp_path, onnx=prob, joint=prob, rounds=[Ran(prob)] * 2)
    verdict = judged(tmp_path, Postprocessor("post:best", best), observed={"label": 0, "score": score})
    (finding,) = verdict.findings
    assert (finding.code, finding.proven) == ("AX404", proven)
    assert ("0.5681" in finding.summary, "just what the program said" in finding.summary) == (True, proven)
    assert finding.summary.startswith("the program") == proven


def test_layouts_with_the_same_bytes_can_t_be_taken_for_each_other(tmp_path: Path) -> None:
    flat = {"scores": np.float32(np.random.default_rng(1).uniform(0, 1, (1, 1, 1, 12)))}
    facts = {"scores": OutputFacts("scores", "scores", "float32", (1, 1, 1, 12), "NHWC")}
    build(tmp_path, onnx=flat, joint=flat, rounds=[Ran(flat)] * 2, declared=facts)
    post = Postprocessor("post:best", lambda tensors: {"label": int(tensors["scores"].argmin()), "score": 0.5})
    again = rejudged(load_folder(tmp_path), post, Expected(True, {"label": 99, "score": 0.5}), Expected())
    assert [one.code for one in diagnose(again.evidence, asks=again).findings] == ["AX405"]


def test_what_is_left_of_a_stored_folder_says_what_would_settle_it(tmp_path: Path) -> None:
    decisions: dict[str, Any] = {leg: [] for leg in ("onnx", "joint", "board")}
    build(
        tmp_path,
        onnx=RIGHT,
        joint=RIGHT,
        rounds=[Ran(RIGHT)] * 2,
        decisions=decisions,
        expect=EXPECTED,
        has_expect=True,
    )
    verdict = diagnose(load_folder(tmp_path))
    assert [one.code for one in verdict.findings] == ["AX405"]
    (left_open,) = [one for one in verdict.not_judged if one.what == "readings"]
    assert "--postprocess {postprocess}" in left_open.steps[0].command


def test_a_board_that_is_wrong_hides_no_misreading_of_the_float_outputs(tmp_path: Path) -> None:
    damaged = {**RIGHT, "sizes": noisy(RIGHT["sizes"].astype(np.float32), 0.5).astype(np.int16)}
    build(tmp_path, onnx=RIGHT, joint=RIGHT, rounds=[Ran(damaged)] * 2, declared=FACTS)
    post = wrong(before=as_nchw)
    again = rejudged(load_folder(tmp_path), post, Expected(True, EXPECTED), Expected())
    assert ended(diagnose(again.evidence, asks=again)) == [
        ("AX306", "unknown", False),
        ("AX401", "postprocess", True),
    ]


def lossy(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """With so much noise that the cosine falls below the line."""
    return {name: noisy(array.astype(np.float32), 0.9).astype(np.int16) for name, array in tensors.items()}


def test_a_loss_in_conversion_hides_no_misreading_of_the_float_outputs(tmp_path: Path) -> None:
    lost = lossy(RIGHT)
    verdict = judged(tmp_path, wrong(before=as_nchw), EXPECTED, lava_joint=lost, joint=lost)
    assert {("AX401", "postprocess", True), ("AX201", "quantization", False)} <= set(ended(verdict))
    assert "AX405" not in [code for code, _, _ in ended(verdict)]


def test_a_loss_in_conversion_lets_a_hint_of_a_misreading_wait(tmp_path: Path) -> None:
    def best(tensors: Mapping[str, Array]) -> str:
        found = detect(tensors, before=as_nchw)
        return str(found[0]["label"]) if found else "nothing"

    lost = lossy(RIGHT)
    verdict = judged(tmp_path, Postprocessor("post:best", best), "cat", lava_joint=lost, joint=lost)
    assert {code for code, _, _ in ended(verdict)} <= {"AX201", "AX206"}
    assert any("is a suspect as well" in one.why for one in verdict.not_judged)


def test_what_is_wrong_in_boxes_that_look_alike_is_said(tmp_path: Path) -> None:
    def shifted(tensors: Mapping[str, Array]) -> list[dict[str, Any]]:
        return [{**one, "box": [value + 2.5 for value in one["box"]]} for one in detect(tensors)]

    lost = lossy(RIGHT)
    verdict = judged(tmp_path, Postprocessor("post:shifted", shifted), EXPECTED, lava_joint=lost, joint=lost)
    (why,) = [one.why for one in verdict.not_judged if one.what == "postprocess"]
    assert "shifted by 2.5 right and 2.5 down" in why
    assert "ways of reading the outputs otherwise none is proven" in why


def test_a_program_s_misreading_is_proven_beside_a_loss_in_conversion(tmp_path: Path) -> None:
    # Only the offsets of boxes lose accuracy: what the post-processor makes of them is still right.
    lost = {**RIGHT, "unused": lossy({"unused": RIGHT["sizes"]})["unused"]}
    float_ = {**RIGHT, "unused": RIGHT["sizes"]}
    declared = {**FACTS, "unused": OutputFacts("unused", "unused", "int16", RIGHT["sizes"].shape, "NHWC", q=Q)}
    build(tmp_path, onnx=float_, lava_joint=lost, joint=lost, rounds=[Ran(lost)] * 2, declared=declared)
    post = Postprocessor("post:detect", lambda tensors: detect({name: tensors[name] for name in RIGHT}))
    observed = detect(RIGHT, before=as_nchw)
    verdict = judged(tmp_path, post, EXPECTED, observed)
    assert {("AX401", "postprocess", True), ("AX201", "quantization", False)} <= set(ended(verdict))
