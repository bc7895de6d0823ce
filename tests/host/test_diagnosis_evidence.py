"""Is the evidence sound? AX001 to AX004 and AX006, and their near misses."""

import shutil
from pathlib import Path

import numpy as np
from axpair_host.diagnosis import Settings, Verdict, diagnose
from axpair_host.documents.json_form import json_form
from axpair_host.evidence.folder import load
from axpair_host.evidence.record import OutputFacts
from axpair_proto.gt.tensors import write_tensors
from host.evidence_builder import Ran, build, edit, noisy, values

J = {"prob": values(1), "boxes": values(2, (1, 16, 12, 12))}


def codes(verdict: Verdict) -> list[str]:
    return [one.code for one in verdict.findings]


# AX001


def test_an_output_that_the_board_lacks_is_named(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, joint=J, rounds=[Ran({"prob": J["prob"]})] * 2))
    assert (codes(verdict), verdict.owner, verdict.findings[0].outputs) == (["AX001"], "harness", ("boxes",))
    assert json_form(verdict.document())["outputs"][1]["joint_board"]["relation"] == "INVALID"


def test_an_output_that_the_model_does_not_have_is_named(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, joint=J, rounds=[Ran({**J, "other": values(3)})] * 2))
    assert codes(verdict) == ["AX001"]
    assert "'other'" in verdict.findings[0].summary


def test_a_missing_output_whose_file_another_took_says_so(tmp_path: Path) -> None:
    """The files are pulsar2's: '.' and ':' both become '_'."""
    both = {name: OutputFacts(name, name, "float32", (1, 8, 10, 10), "NCHW") for name in ("head.0", "head:0")}
    evidence = build(tmp_path, joint={"head.0": values(1), "head:0": values(2)}, declared=both)
    write_tensors(tmp_path / "board", {"head.0": values(1)}, {"head.0": "head.0"})
    verdict = diagnose(load(evidence.path))
    assert codes(verdict) == ["AX001"]
    assert "'head:0' and 'head.0' are both 'head_0' in a joint or as a file" in verdict.findings[0].summary


def test_a_leg_that_is_not_there_is_not_judged_rather_than_missing(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, joint=J, rounds=[Ran(J)] * 2))
    assert (verdict.verdict, codes(verdict)) == ("PASS", [])
    assert {"onnx", "lava_joint", "golden"} <= {one.what for one in verdict.not_judged}


def test_an_output_that_onnx_lacks_is_named_as_of_the_conversion(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, joint=J, onnx={"prob": J["prob"]}))
    assert [(one.code, one.stage) for one in verdict.findings] == [("AX001", "conversion")]


# AX002


def test_another_size_on_the_board_is_named_with_its_ratio(tmp_path: Path) -> None:
    seen = {**J, "prob": np.zeros(1600, np.uint8)}
    verdict = diagnose(build(tmp_path, joint=J, rounds=[Ran(seen)] * 2))
    assert codes(verdict) == ["AX002"]
    assert "2:1" in verdict.findings[0].summary


def test_a_bin_of_another_size_without_an_npy_is_named_and_does_not_end_the_diagnosis(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    (evidence.path / "board/prob.npy").unlink()
    (evidence.path / "board/prob.bin").write_bytes(b"\0" * 12)
    assert codes(diagnose(load(evidence.path))) == ["AX002"]


def test_another_dtype_of_the_same_size_is_named_too(tmp_path: Path) -> None:
    seen = {**J, "prob": J["prob"].view(np.int32)}
    assert codes(diagnose(build(tmp_path, joint=J, rounds=[Ran(seen)] * 2))) == ["AX002"]


# AX003


def with_nan(count: int = 2) -> dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]:
    tensor = values(1)
    tensor.reshape(-1)[:count] = np.nan
    return {**J, "prob": tensor}


def test_nan_is_the_first_stage_s_that_has_it(tmp_path: Path) -> None:
    for place, (onnx, lava, joint, owner) in enumerate(
        [
            (with_nan(), J, J, "model"),
            (J, with_nan(), with_nan(), "quantization"),
            (J, J, with_nan(), "toolchain"),
            (with_nan(), with_nan(), J, "model"),
        ]
    ):
        verdict = diagnose(
            build(tmp_path / str(place), onnx=onnx, lava_joint=lava, joint=joint, rounds=[Ran(joint)] * 2)
        )
        assert [(one.code, one.owner) for one in verdict.findings] == [("AX003", owner)]


def test_nan_that_every_stage_shares_is_the_float_model_s(tmp_path: Path) -> None:
    everywhere = with_nan()
    verdict = diagnose(
        build(tmp_path, onnx=everywhere, lava_joint=everywhere, joint=everywhere, rounds=[Ran(everywhere)] * 2)
    )
    (one,) = verdict.findings
    assert (verdict.verdict, one.code, one.owner, one.side, one.proven) == ("FAULT", "AX003", "model", "customer", True)
    assert "onnx 2, lava_joint 2, joint 2, board 2" in one.summary


def test_nan_that_the_input_has_already_is_its_preparation_s(tmp_path: Path) -> None:
    everywhere = with_nan()
    evidence = build(tmp_path, onnx=everywhere, joint=everywhere, rounds=[Ran(everywhere)] * 2)
    write_tensors(evidence.path / "input", {"x": np.array([1, np.inf, np.nan, 2], np.float32)}, {"x": "x"})
    (one, *_) = diagnose(load(evidence.path)).findings
    assert (one.code, one.owner, one.proven) == ("AX003", "preprocess", False)
    assert "the input has them already: 'x' has 2" in one.summary


def test_nan_of_a_joint_whose_float_model_is_not_there_accuses_nobody(tmp_path: Path) -> None:
    everywhere = with_nan()
    verdict = diagnose(build(tmp_path, joint=everywhere, rounds=[Ran(everywhere)] * 2))
    assert [(one.code, one.owner) for one in verdict.findings] == [("AX003", "unknown")]
    assert verdict.verdict == "INCONCLUSIVE"
    assert "--onnx {onnx}" in [one.lacks for one in verdict.not_judged]


def test_nan_of_the_board_beside_nan_of_the_model_is_a_second_finding(tmp_path: Path) -> None:
    simulated, seen = with_nan(), with_nan(6)
    verdict = diagnose(build(tmp_path, onnx=simulated, joint=simulated, rounds=[Ran(seen)] * 2))
    assert [(one.code, one.owner) for one in verdict.findings] == [("AX003", "model"), ("AX003", "board")]


def test_nan_between_float_and_joint_stays_a_hint_without_the_quantised_model(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, onnx=J, joint=with_nan(), rounds=[Ran(with_nan())] * 2))
    assert [(one.code, one.owner, one.proven) for one in verdict.findings] == [("AX003", "toolchain", False)]


# AX004


def test_a_tolerance_that_cannot_fail_is_refused_and_not_applied(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran({**J, "prob": values(7)})] * 2)
    verdict = diagnose(evidence, Settings(atol=100_000, rtol=1e-6))
    assert codes(verdict) == ["AX004", "AX306"]
    assert "a constant answer passes" in verdict.findings[0].summary


def test_a_tensor_without_elements_cannot_fail(tmp_path: Path) -> None:
    empty = {"prob": np.zeros((0, 4), np.float32)}
    assert codes(diagnose(build(tmp_path, joint=empty, rounds=[Ran(empty)] * 2))) == ["AX004"]


def test_an_empty_tensor_beside_others_is_a_warning(tmp_path: Path) -> None:
    """An NMS without detections."""
    some = {**J, "boxes": np.zeros((0, 4), np.float32)}
    verdict = diagnose(build(tmp_path, joint=some, rounds=[Ran(some)] * 2))
    assert (verdict.verdict, [one.code for one in verdict.warnings]) == ("PASS", ["AX004"])


def test_outputs_that_are_constant_everywhere_are_a_warning(tmp_path: Path) -> None:
    flat = {"prob": np.zeros((1, 50), np.float32)}
    verdict = diagnose(build(tmp_path, joint=flat, onnx=flat, rounds=[Ran(flat)] * 2))
    assert (verdict.verdict, [one.code for one in verdict.warnings]) == ("PASS", ["AX004"])


def test_one_constant_output_among_others_is_no_warning(tmp_path: Path) -> None:
    some = {**J, "flat": np.zeros((1, 50), np.float32)}
    verdict = diagnose(build(tmp_path, joint=some, rounds=[Ran(some)] * 2))
    assert (verdict.verdict, verdict.warnings) == ("PASS", ())


# AX006


def test_an_edited_tensor_is_a_warning_and_judged_as_it_lies(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    edited = J["prob"].copy()
    edited.reshape(-1).view(np.uint8)[2001] ^= 0x5A
    edit(evidence.path, "board", "prob", edited)
    verdict = diagnose(load(evidence.path))
    assert (verdict.verdict, codes(verdict)) == ("FAULT", ["AX306"])
    assert [one.code for one in verdict.warnings] == ["AX006"]
    assert verdict.warnings[0].evidence["files"] == ["board/prob.bin", "board/prob.npy"]


def test_an_edit_that_changes_nothing_of_the_verdict_stays_a_warning(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, onnx=J, rounds=[Ran(J)] * 2)
    edit(evidence.path, "onnx", "prob", noisy(J["prob"], 0.9999))
    verdict = diagnose(load(evidence.path))
    assert (verdict.verdict, codes(verdict), [one.code for one in verdict.warnings]) == ("PASS", [], ["AX006"])


def test_a_file_that_is_gone_is_a_changed_one(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    (evidence.path / "joint/prob.bin").unlink()
    assert load(evidence.path).changed_files == ("joint/prob.bin",)


def test_a_stage_whose_files_are_gone_stays_open(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    shutil.rmtree(evidence.path / "board")
    verdict = diagnose(load(evidence.path))
    assert (verdict.verdict, codes(verdict)) == ("INCONCLUSIVE", ["AX006"])
    assert verdict.findings[0].evidence["gone"] == {"board": ["prob", "boxes"]}


def test_bytes_that_changed_between_worker_and_folder_are_a_fault(tmp_path: Path) -> None:
    arrived = {**J, "prob": values(8)}
    verdict = diagnose(build(tmp_path, joint=J, rounds=[Ran(arrived, read=J)] * 2))
    assert (codes(verdict), verdict.owner) == (["AX006"], "harness")
    assert "isn't what the worker read" in verdict.findings[0].summary


def test_an_untouched_folder_has_no_warning(tmp_path: Path) -> None:
    rounds = [Ran(J, "probe"), Ran(J), Ran(J)]
    verdict = diagnose(build(tmp_path, joint=J, onnx=J, lava_joint=J, golden=J, rounds=rounds))
    assert (verdict.verdict, verdict.warnings) == ("PASS", ())
    assert [one.what for one in verdict.not_judged] == ["golden -> configuration"]
