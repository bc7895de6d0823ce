"""What is made of the tensors: AX405, AX406, AX407, and who is not to be accused."""

from pathlib import Path
from typing import Any

import pytest
from axpair_host.diagnosis import Verdict, diagnose
from host.evidence_builder import Ran, build, noisy, values

F = {"prob": values(1)}
J = {"prob": noisy(F["prob"], 0.9995)}
ALL = ("onnx", "lava_joint", "joint", "board")


def judged(folder: Path, *, board: Any = J, **more: Any) -> Verdict:
    return diagnose(build(folder, onnx=F, lava_joint=J, joint=J, rounds=[Ran(board)] * 2, **more))


def expecting(value: Any, **more: Any) -> dict[str, Any]:
    return {"expect": value, "has_expect": True, **more}


def codes(verdict: Verdict) -> list[str]:
    return [one.code for one in verdict.findings]


def test_right_decisions_on_every_leg_are_nothing_wrong(tmp_path: Path) -> None:
    assert judged(tmp_path, decisions=dict.fromkeys(ALL, 90), **expecting(90)).verdict == "PASS"


def test_a_wrong_decision_on_the_float_outputs_already_is_the_post_processor_s(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions=dict.fromkeys(ALL, 180), **expecting(90))
    assert (codes(verdict), verdict.owner, verdict.findings[0].stage) == (["AX405"], "postprocess", "application")
    assert not verdict.findings[0].proven
    assert "180" in verdict.findings[0].summary


def test_two_decisions_on_the_very_same_bytes_prove_it(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions={**dict.fromkeys(ALL, 90), "board": 180}, **expecting(90))
    assert [(one.code, one.proven) for one in verdict.findings] == [("AX405", True)]


def test_raising_on_the_float_outputs_is_a_wrong_decision(tmp_path: Path) -> None:
    verdict = judged(
        tmp_path, decisions={"joint": 90, "board": 90}, errors={"onnx": "KeyError: 'p' (post.py:3)"}, **expecting(90)
    )
    assert codes(verdict) == ["AX405"]
    assert "KeyError" in verdict.findings[0].summary


def test_right_in_float_and_wrong_on_tensors_that_differ_within_reason_accuses_nobody(tmp_path: Path) -> None:
    decisions = {"onnx": 90, "lava_joint": 180, "joint": 180, "board": 180}
    verdict = judged(tmp_path, decisions=decisions, **expecting(90))
    assert [(one.code, one.owner) for one in verdict.findings] == [("AX406", "none")]
    assert verdict.verdict == "INCONCLUSIVE"


@pytest.mark.parametrize(("second", "said"), [(0.48, True), (0.1, False)])
def test_only_scores_that_are_close_are_called_so(tmp_path: Path, second: float, said: bool) -> None:
    top = [{"label": 90, "score": 0.52}, {"label": 180, "score": second}]
    decisions = {"onnx": top, "joint": top[::-1], "board": top[::-1]}
    (finding,) = judged(tmp_path, decisions=decisions, **expecting(90)).findings
    assert ("the best two scores are" in finding.summary) is said


def test_a_golden_result_that_decides_right_clears_the_post_processor(tmp_path: Path) -> None:
    decisions = {**dict.fromkeys(ALL, 180), "golden": 90}
    verdict = judged(tmp_path, decisions=decisions, golden={"prob": values(4)}, **expecting(90))
    assert (verdict.verdict, codes(verdict)) == ("INCONCLUSIVE", [])
    assert any("not the post-processor" in one.why for one in verdict.not_judged)


def test_tensors_that_disagree_are_named_and_the_post_processor_is_not(tmp_path: Path) -> None:
    verdict = judged(tmp_path, board={"prob": values(5)}, decisions=dict.fromkeys(ALL, 180), **expecting(90))
    assert codes(verdict) == ["AX306"]


def test_a_hint_that_keeps_the_post_processor_from_being_judged_says_so(tmp_path: Path) -> None:
    lossy = {"prob": noisy(F["prob"], 0.95)}
    evidence = build(
        tmp_path,
        onnx=F,
        lava_joint=lossy,
        joint=lossy,
        rounds=[Ran(lossy)] * 2,
        decisions=dict.fromkeys(ALL, 180),
        **expecting(90),
    )
    verdict = diagnose(evidence)
    assert codes(verdict) == ["AX201"]
    (why,) = [one.why for one in verdict.not_judged if one.what == "postprocess"]
    assert "AX201 comes first, though as a hint only" in why
    assert "of onnx/ it makes 180, expected 90" in why


def test_returning_none_on_every_leg_decides_nothing(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions=dict.fromkeys(ALL))
    assert verdict.verdict == "INCONCLUSIVE"
    assert any("returned None" in one.why for one in verdict.not_judged)


def test_nan_that_agrees_with_itself_is_not_right(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions={key: {"label": 3, "score": "NaN"} for key in ALL})
    assert verdict.verdict == "INCONCLUSIVE"
    assert any("there is NaN" in one.why for one in verdict.not_judged)


def test_nan_is_near_no_score_that_is_expected(tmp_path: Path) -> None:
    said = {key: {"label": 3, "score": "NaN"} for key in ALL}
    verdict = judged(tmp_path, decisions=said, **expecting({"label": 3, "score": 0.9}))
    assert codes(verdict) == ["AX405"]
    assert "3 (0.9) expected, 3 (nan) said" in verdict.findings[0].summary


def test_without_an_expectation_no_decision_is_wrong(tmp_path: Path) -> None:
    assert judged(tmp_path, decisions=dict.fromkeys(ALL, 180)).verdict == "PASS"


@pytest.mark.parametrize(
    ("said", "expected"),
    [(90.0, 90), ("90", 90), (90, "90"), ({"a": [1, 2.0]}, {"a": [1, 2]}), ("x", "x"), (None, None)],
)
def test_decisions_are_equal_as_json_values(tmp_path: Path, said: Any, expected: Any) -> None:
    assert judged(tmp_path, decisions=dict.fromkeys(ALL, said), **expecting(expected)).verdict == "PASS"


@pytest.mark.parametrize(
    ("said", "expected"), [(True, 1), ("90.5", 90), ([1], [1, 2]), (None, False), ({"a": 1}, {"b": 1})]
)
def test_what_json_tells_apart_is_not_equal(tmp_path: Path, said: Any, expected: Any) -> None:
    assert codes(judged(tmp_path, decisions=dict.fromkeys(ALL, said), **expecting(expected))) == ["AX405"]


def test_a_program_that_says_otherwise_than_expected_is_the_application_s(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions=dict.fromkeys(ALL, 90), observed=180, has_observed=True, **expecting(90))
    assert (codes(verdict), verdict.owner) == (["AX407"], "application")


def test_a_program_that_says_otherwise_than_the_post_processor_is_too(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions=dict.fromkeys(ALL, 90), observed=180, has_observed=True)
    assert codes(verdict) == ["AX407"]
    assert "90" in verdict.findings[0].summary


def test_a_program_that_says_the_same_is_nothing_wrong(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions=dict.fromkeys(ALL, 90), observed=90, has_observed=True, **expecting(90))
    assert verdict.verdict == "PASS"


def test_an_expectation_with_nothing_to_hold_against_it_asks_for_the_program_s_own_run(tmp_path: Path) -> None:
    assert codes(judged(tmp_path, **expecting(90))) == ["AX407"]


def test_a_wrong_post_processor_comes_before_a_wrong_program(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions=dict.fromkeys(ALL, 180), observed=180, has_observed=True, **expecting(90))
    assert codes(verdict) == ["AX405"]


F_SURE = {"label": "180", "score": 0.858}
J_SURE = {"label": 180, "score": 0.961}
MOVED = {"onnx": F_SURE, "lava_joint": J_SURE, "joint": J_SURE, "board": J_SURE}


def test_the_same_decision_with_another_score_hangs_by_nothing(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions=MOVED, expect_leg="onnx")
    assert (verdict.verdict, codes(verdict)) == ("PASS", [])
    table = verdict.document().decisions
    assert table is not None
    rows = {row.leg: row.differs for row in table.rows}
    assert rows["board"] == ("the same with another score: 180 (0.858) expected, 180 (0.961) said",)


def test_a_score_that_was_asked_for_and_moved_stays_a_question(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions=MOVED, **expecting(F_SURE))
    assert (verdict.verdict, codes(verdict)) == ("INCONCLUSIVE", [])
    assert any("score_tolerance" in one.why for one in verdict.not_judged)
    near = {**F_SURE, "score_tolerance": 0.2}
    assert judged(tmp_path / "b", decisions=MOVED, **expecting(near)).verdict == "PASS"


def test_a_score_that_moved_hides_no_product(tmp_path: Path) -> None:
    observed = {"observed": {"label": "0", "score": 0.96}, "has_observed": True}
    verdict = judged(tmp_path, decisions=MOVED, expect_leg="onnx", **observed)
    assert (verdict.verdict, codes(verdict)) == ("FAULT", ["AX407"])


EDGE = {"onnx": 90, "lava_joint": 180, "joint": 180, "board": 180}


def test_a_decision_at_its_threshold_hides_no_product(tmp_path: Path) -> None:
    verdict = judged(tmp_path, decisions=EDGE, observed=270, has_observed=True, **expecting(90))
    assert (verdict.verdict, codes(verdict)) == ("FAULT", ["AX407", "AX406"])
    assert "the program said 270, expected was 90, and the post-processor makes 180" in verdict.findings[0].summary


def test_a_product_with_the_expected_label_and_scores_of_its_own_is_contradicted(tmp_path: Path) -> None:
    said = {leg: {"label": 90, "score": 0.95} for leg in ALL}
    observed = {"label": 90, "score": 0.46}
    verdict = judged(tmp_path, decisions=said, observed=observed, has_observed=True, **expecting(90))
    assert codes(verdict) == ["AX407"]
    assert "of board/ (90 (0.95) expected, 90 (0.46) said)" in verdict.findings[0].summary


@pytest.mark.parametrize("observed", [90, "180"])
def test_a_product_that_says_what_comes_of_the_board_or_what_is_expected_is_right(
    tmp_path: Path, observed: Any
) -> None:
    verdict = judged(tmp_path, decisions=EDGE, observed=observed, has_observed=True, **expecting(90))
    assert codes(verdict) == ["AX406"]


@pytest.mark.parametrize(("observed", "named"), [(270, ["AX201", "AX407"]), (180, ["AX201"])])
def test_a_loss_hides_no_product_that_says_otherwise_than_comes_of_the_board(
    tmp_path: Path, observed: int, named: list[str]
) -> None:
    low = {"prob": noisy(F["prob"], 0.95)}
    said = expecting(90, decisions=EDGE, observed=observed, has_observed=True)
    evidence = build(tmp_path, onnx=F, lava_joint=low, joint=low, rounds=[Ran(low)] * 2, **said)
    assert codes(diagnose(evidence)) == named


def test_a_product_isn_t_accused_where_the_board_is(tmp_path: Path) -> None:
    more = {"decisions": EDGE, "observed": 270, "has_observed": True, **expecting(90)}
    assert codes(judged(tmp_path, board={"prob": values(5)}, **more)) == ["AX306"]
