"""What a verdict says first: zeros, proofs and boards before hints, and each thing that is wrong by itself."""

from pathlib import Path
from typing import Any

import click
import numpy as np
from axpair_host.advice.commands import Known
from axpair_host.advice.filling import filled
from axpair_host.diagnosis import Verdict, diagnose
from axpair_host.evidence.folder import load
from axpair_host.render.verdict import verdict_lines
from host.evidence_builder import Ran, build, edit, noisy, values
from msgspec.structs import replace

F = {"prob": values(1), "boxes": values(2)}
LOW = {name: noisy(tensor, 0.92) for name, tensor in F.items()}
ZEROS = {name: np.zeros_like(tensor) for name, tensor in F.items()}
ROUGH = {name: tensor.round(1) for name, tensor in F.items()}


def codes(verdict: Verdict) -> list[str]:
    return [one.code for one in verdict.findings]


def headlines(verdict: Verdict) -> str:
    """The lines before the facts, as one text."""
    text = click.unstyle("\n".join(verdict_lines(filled(verdict.document(), Known()))))
    return " ".join(text.partition("\ncode ")[0].split())


def finished(folder: Path, board: Any, **legs: Any) -> Verdict:
    """A board's outputs of which nothing else is known, beside these legs."""
    build(folder, **legs)
    for name, tensor in board.items():
        edit(folder, "board", name, tensor)
    return diagnose(load(folder))


def test_zeros_of_a_finished_run_are_said_before_a_loss(tmp_path: Path) -> None:
    verdict = finished(tmp_path, ZEROS, onnx=F, lava_joint=LOW, joint=LOW)
    assert (verdict.verdict, codes(verdict)) == ("FAULT", ["AX303", "AX201"])
    assert not verdict.findings[0].proven
    assert headlines(verdict) == (
        "FAULT All elements of all outputs of the board are 0. It looks like AX303 (The output was not, or not wholly, "
        "written), and more evidence is needed. Quantisation loses accuracy (AX201): it arises in quantisation."
    )


def test_zeros_of_one_output_are_said_first(tmp_path: Path) -> None:
    verdict = finished(tmp_path, {**F, "boxes": ZEROS["boxes"]}, onnx=F, joint=F)
    assert headlines(verdict).startswith("INCONCLUSIVE All elements of 'boxes' of the board are 0. It looks like AX303")


def test_zeros_written_over_a_pattern_are_said_first_and_were_written(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, onnx=F, joint=F, rounds=[Ran(ZEROS)] * 2))
    assert codes(verdict) == ["AX306"]
    assert headlines(verdict).startswith("FAULT All elements of all outputs of the board are 0. Board and simulator")


def test_zeros_of_the_simulated_joint_are_said_once(tmp_path: Path) -> None:
    one = {"prob": F["prob"]}
    zeros = {"prob": ZEROS["prob"]}
    verdict = diagnose(build(tmp_path, onnx=one, lava_joint=zeros, joint=zeros, rounds=[Ran(zeros)] * 2))
    assert headlines(verdict).startswith("FAULT All elements of the output of the simulated joint are 0. ")
    assert "board are 0" not in headlines(verdict)


def test_zeros_that_should_be_zeros_are_nothing(tmp_path: Path) -> None:
    some = {**F, "boxes": ZEROS["boxes"]}
    verdict = diagnose(build(tmp_path, onnx=some, lava_joint=some, joint=some, rounds=[Ran(some)] * 2))
    assert (verdict.verdict, verdict.document().seen_first) == ("PASS", ())


def test_a_hint_of_a_loss_doesn_t_outrank_a_board_that_was_seen_once_to_differ(tmp_path: Path) -> None:
    verdict = finished(tmp_path, ROUGH, onnx=F, lava_joint=LOW, joint=LOW)
    assert (verdict.verdict, codes(verdict), verdict.owner) == ("FAULT", ["AX306", "AX201"], "unknown")
    assert verdict.document().headlines == (("AX306",), ("AX201",))


def test_two_independent_faults_are_two_headlines(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, onnx=F, lava_joint=LOW, joint=LOW, rounds=[Ran(ROUGH)] * 2))
    assert headlines(verdict) == (
        "FAULT Board and simulator disagree, repeatably (AX306): where isn't decided yet. Quantisation loses accuracy "
        "(AX201): it arises in quantisation."
    )


def test_two_findings_of_one_thing_are_one_headline(tmp_path: Path) -> None:
    said: dict[str, Any] = {"decisions": {"onnx": 1, "joint": 2, "board": 2}, "expect": 1, "has_expect": True}
    verdict = diagnose(build(tmp_path, onnx=F, joint=F, rounds=[Ran(F)] * 2, **said))
    assert (codes(verdict), verdict.document().headlines) == (["AX406"], (("AX406",),))
    tail = {"prob": F["prob"].copy(), "boxes": F["boxes"]}
    tail["prob"].reshape(-1)[-40:] = 7
    verdict = diagnose(build(tmp_path / "b", joint=F, rounds=[Ran(tail, survivors={"prob": [(3040, 160)]})] * 2))
    assert (codes(verdict), verdict.document().headlines) == (["AX303", "AX304"], (("AX303",),))


def test_without_the_quantised_model_the_headline_names_both_stages(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, onnx=F, joint=LOW))
    document = verdict.document()
    assert (document.owner, document.side, document.headlines) == (
        "unknown",
        "undecided",
        (("AX201", "AX202"),),
    )
    text = click.unstyle("\n".join(verdict_lines(filled(document, Known()))))
    assert "Quantisation loses accuracy (AX201) or compilation loses accuracy (AX202): where isn't" in text
    assert "code       AX201 or AX202\n" in text
    assert "owner      unknown (not decided whose)\n" in text


def test_a_misreading_that_is_proven_comes_before_a_hint(tmp_path: Path) -> None:
    said: dict[str, Any] = {"onnx": 1, "joint": 1, "board": 1}
    evidence = build(tmp_path, onnx=F, lava_joint=LOW, joint=LOW, rounds=[Ran(LOW)] * 2, decisions=said)
    record = evidence.record
    assert record.postprocess is not None
    fickle = replace(record.postprocess, again={"onnx": 2})
    verdict = diagnose(evidence.with_record(replace(record, postprocess=fickle)))
    assert [(one.code, one.proven) for one in verdict.findings] == [("AX405", True), ("AX201", False)]
    assert "tensors agree" not in headlines(verdict)
    assert verdict.document().headlines == (("AX405",), ("AX201",))


def test_nobody_s_fault_is_nobody_s_to_mend(tmp_path: Path) -> None:
    said: dict[str, Any] = {"decisions": {"onnx": 1, "joint": 2, "board": 2}, "expect": 1, "has_expect": True}
    verdict = diagnose(build(tmp_path, onnx=F, joint=F, rounds=[Ran(F)] * 2, **said))
    assert "owner      none\n" in click.unstyle("\n".join(verdict_lines(filled(verdict.document(), Known()))))
