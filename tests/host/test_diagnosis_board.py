"""Board findings: each named for exactly its own damage, and not for what only looks like it."""

from pathlib import Path

import numpy as np
import pytest
from axpair_host.diagnosis import Settings, diagnose
from axpair_host.documents.json_form import json_form
from axpair_host.evidence.folder import OTHER_INPUTS, load
from axpair_host.evidence.record import Failure, OutputFacts
from axpair_proto.gt.tensors import write_tensors
from host.board_cases import PROBE, Array, J, codes, damaged, judged, twice
from host.evidence_builder import JOINT, Ran, build, values


def test_the_same_bytes_twice_are_nothing_wrong(tmp_path: Path) -> None:
    verdict = judged(tmp_path, *twice(J))
    assert (verdict.verdict, verdict.owner, codes(verdict)) == ("PASS", "none", [])


def test_the_same_nan_on_both_sides_accuses_no_board(tmp_path: Path) -> None:
    tensor = values(1)
    tensor[0, 0, 0] = np.nan
    verdict = judged(tmp_path, *twice(damaged(prob=tensor)), joint=damaged(prob=tensor.copy()))
    assert [(one.code, one.owner) for one in verdict.findings] == [("AX003", "unknown")]


# AX101


def test_other_bytes_handed_over_than_sent_are_another_input(tmp_path: Path) -> None:
    verdict = judged(tmp_path, *twice(PROBE, delivered="d" * 64))
    assert codes(verdict) == ["AX101"]
    assert (verdict.owner, verdict.findings[0].proven) == ("harness", True)


@pytest.mark.parametrize(
    "line",
    [
        "input[0] data data not provided, using random data",
        "read file nofile.bin for input[0] data data failed, using random data",
        "read file short.bin for input[0] data data size wrong, using random data",
    ],
)
def test_a_log_that_speaks_of_random_data_names_another_input_as_a_hint(tmp_path: Path, line: str) -> None:
    verdict = judged(tmp_path, Ran({**J, "prob": values(5)}, log=("run joint version: 0.5.13", line)), probe=None)
    assert codes(verdict) == ["AX101"]
    assert not verdict.findings[0].proven
    assert line in verdict.findings[0].summary


def test_such_a_log_line_is_a_warning_beside_the_right_bytes(tmp_path: Path) -> None:
    verdict = judged(tmp_path, *twice(J, log=("input[1] roi, using default value",)))
    assert (verdict.verdict, codes(verdict)) == ("PASS", [])
    assert [one.code for one in verdict.warnings] == ["AX101"]


def test_the_lines_of_a_healthy_log_accuse_nobody(tmp_path: Path) -> None:
    lines = ("run joint version: 0.5.13-stub", "dump output[0] prob as nodir/prob.bin failed", "Using batch size 1")
    assert codes(judged(tmp_path, *twice({**J, "prob": values(5)}, log=lines))) == ["AX306"]


# AX303, AX304


def unwritten(start: int, length: int, seed: int) -> Array:
    raw = bytearray(J["prob"].tobytes())
    raw[start : start + length] = np.random.default_rng(seed).bytes(length)
    seen: Array = np.frombuffer(bytes(raw), np.float32).reshape(J["prob"].shape)
    return seen


def test_surviving_poison_is_an_unwritten_output(tmp_path: Path) -> None:
    rounds = [Ran(damaged(prob=unwritten(640, 320, n)), survivors={"prob": [(640, 320)]}) for n in (1, 2)]
    verdict = judged(tmp_path, *rounds)
    assert codes(verdict) == ["AX303"]
    assert verdict.findings[0].proven
    assert "320 of 3200 bytes" in verdict.findings[0].summary


def test_poison_that_reads_as_nan_is_still_an_unwritten_output(tmp_path: Path) -> None:
    seen = J["prob"].copy()
    seen.reshape(-1)[100:140] = np.nan
    rounds = twice(damaged(prob=seen), survivors={"prob": [(400, 160)]})
    assert codes(judged(tmp_path, *rounds)) == ["AX303"]


def test_survivors_in_an_output_that_is_right_all_the_same_accuse_nobody(tmp_path: Path) -> None:
    assert judged(tmp_path, *twice(J, survivors={"prob": [(640, 16)]})).verdict == "PASS"


def test_survivors_need_no_simulator_to_be_seen(tmp_path: Path) -> None:
    rounds = twice(J, survivors={"prob": [(640, 320)]})
    assert codes(judged(tmp_path, *rounds, joint=None, probe_joint=None)) == ["AX303"]


def test_poison_at_the_very_end_fits_a_lost_tail_too_and_both_are_named_as_hints(tmp_path: Path) -> None:
    rounds = [Ran(damaged(prob=unwritten(2400, 800, n)), survivors={"prob": [(2400, 800)]}) for n in (1, 2)]
    verdict = judged(tmp_path, *rounds)
    assert codes(verdict) == ["AX303", "AX304"]
    assert not any(one.proven for one in verdict.findings)


def test_a_tail_of_zeros_is_lost_in_transfer(tmp_path: Path) -> None:
    seen = J["boxes"].copy()
    seen.reshape(-1)[2000:] = 0
    verdict = judged(tmp_path, *twice(damaged(boxes=seen)))
    assert codes(verdict) == ["AX304"]
    assert verdict.findings[0].evidence["outputs"]["boxes"]["offset"] == 8000


@pytest.mark.parametrize(("lost_for_others", "code"), [(True, "AX304"), (False, "AX306")])
def test_a_tail_of_one_element_counts_where_other_inputs_lack_it_too(
    tmp_path: Path, lost_for_others: bool, code: str
) -> None:
    seen = J["boxes"].copy()
    seen.reshape(-1)[-1] = 0
    verdict = judged(tmp_path, *twice(damaged(boxes=seen)))
    assert codes(verdict) == ["AX306"]
    assert "other_inputs" in {one.what for one in verdict.not_judged}
    other = {"boxes": values(7, J["boxes"].shape)}
    lost = {"boxes": other["boxes"].copy()}
    lost["boxes"].reshape(-1)[-1 if lost_for_others else 5] = 0
    for leg, tensors in (("joint", other), ("board", lost)):
        write_tensors(tmp_path / OTHER_INPUTS / "1" / leg, tensors, {"boxes": "boxes"})
    assert codes(diagnose(load(tmp_path))) == [code]


def test_zeros_alone_have_no_tail(tmp_path: Path) -> None:
    """A map in which the simulator has something at its end only."""
    joint = {**J, "boxes": np.where(np.arange(J["boxes"].size).reshape(J["boxes"].shape) < 2000, 0, J["boxes"])}
    seen = {**joint, "boxes": np.zeros_like(joint["boxes"])}
    assert codes(diagnose(build(tmp_path, joint=joint, rounds=[Ran(seen)] * 2))) == ["AX306"]


def test_zeros_in_the_middle_are_no_lost_tail(tmp_path: Path) -> None:
    seen = J["boxes"].copy()
    seen.reshape(-1)[1000:1400] = 0
    assert codes(judged(tmp_path, *twice(damaged(boxes=seen)))) == ["AX306"]


def test_a_few_last_elements_rounded_to_zero_are_no_lost_tail(tmp_path: Path) -> None:
    right = np.zeros((1, 1, 20, 20), np.float32)
    right.reshape(-1)[:300] = values(3, (300,))
    right.reshape(-1)[[380, 390]] = 1 / 64
    seen = right.copy()
    seen.reshape(-1)[[380, 390]] = 0
    verdict = judged(tmp_path, *twice({"prob": seen}), joint={"prob": right}, steps=1 / 64, probe=None)
    assert codes(verdict) == ["AX306"]


# AX305


@pytest.mark.parametrize("count", [1, 3, 30])
def test_single_bits_that_differ_are_flips(tmp_path: Path, count: int) -> None:
    seen = J["prob"].copy()
    places = np.random.default_rng(6).choice(seen.size, count, replace=False)
    seen.reshape(-1).view(np.uint32)[places] ^= 1 << 13
    verdict = judged(tmp_path, *twice(damaged(prob=seen)), steps=1 / 64)
    assert codes(verdict) == ["AX305"]
    assert verdict.findings[0].proven is (count >= 8)
    assert verdict.findings[0].evidence["outputs"]["prob"] == {
        "elements": count,
        "of": 800,
        "bits": [13],
        "first_element": int(places.min()),
    }


def test_zeros_of_another_sign_are_the_same_values(tmp_path: Path) -> None:
    right = J["prob"].copy()
    right.reshape(-1)[:20] = 0
    seen = right.copy()
    seen.reshape(-1)[:20] = -0.0
    verdict = judged(tmp_path, *twice(damaged(prob=seen)), joint={**J, "prob": right}, steps=1 / 64)
    assert (codes(verdict), verdict.verdict) == ([], "PASS")


def test_elements_one_step_off_are_no_flips_though_one_bit_differs(tmp_path: Path) -> None:
    right = np.arange(200, dtype=np.uint8).reshape(1, 200)
    seen = right.copy()
    seen[0, [4, 100]] += 1
    verdict = judged(tmp_path, *twice({"ids": seen}), joint={"ids": right}, probe=None)
    assert codes(verdict) == ["AX306"]


def test_elements_that_differ_in_several_bits_are_no_flips(tmp_path: Path) -> None:
    seen = J["prob"].copy()
    seen.reshape(-1).view(np.uint32)[5] ^= 0x5A00
    assert codes(judged(tmp_path, *twice(damaged(prob=seen)))) == ["AX306"]


def test_many_elements_with_a_bit_of_their_own_each_are_no_flips(tmp_path: Path) -> None:
    seen = J["prob"].copy()
    for place in range(40):
        seen.reshape(-1).view(np.uint32)[place * 7] ^= 1 << (place % 20)
    assert codes(judged(tmp_path, *twice(damaged(prob=seen)))) == ["AX306"]


# AX301


def test_rounds_that_differ_are_unrepeatable(tmp_path: Path) -> None:
    verdict = judged(tmp_path, Ran(damaged(prob=values(50))), Ran(damaged(prob=values(51))))
    assert codes(verdict) == ["AX301"]
    assert (verdict.owner, verdict.findings[0].outputs) == ("board", ("prob",))


def test_one_right_round_does_not_hide_a_wrong_one(tmp_path: Path) -> None:
    assert codes(judged(tmp_path, Ran(J), Ran(damaged(prob=values(51))))) == ["AX301"]


def test_rounds_that_differ_need_no_simulator_to_be_seen(tmp_path: Path) -> None:
    verdict = judged(tmp_path, Ran(J), Ran(damaged(prob=values(51))), joint=None, probe_joint=None)
    assert codes(verdict) == ["AX301"]


def test_the_granule_of_what_changes_is_measured(tmp_path: Path) -> None:
    other = J["boxes"].copy()
    for tile in (2, 5, 7):
        other.reshape(-1)[tile * 256 : tile * 256 + 30] += 1
    verdict = judged(tmp_path, Ran(J), Ran(damaged(boxes=other)))
    assert verdict.findings[0].evidence["outputs"]["boxes"]["granule"] == 1024


def test_equivalent_rounds_behind_a_float_cpu_part_are_the_same_answer(tmp_path: Path) -> None:
    other = damaged(prob=J["prob"] + np.float32(1e-7))
    verdict = judged(tmp_path, Ran(J), Ran(other), cpu_part=True, steps=1 / 64)
    assert verdict.verdict == "PASS"


# AX306


def test_unexplained_bytes_twice_over_are_a_disagreement_of_nobody_yet(tmp_path: Path) -> None:
    verdict = judged(tmp_path, *twice(damaged(prob=values(50))))
    finding = verdict.findings[0]
    assert (codes(verdict), finding.owner, finding.side, finding.proven) == (["AX306"], "unknown", "axera", False)
    assert verdict.verdict == "FAULT"


def test_unexplained_bytes_seen_once_are_inconclusive(tmp_path: Path) -> None:
    verdict = judged(tmp_path, Ran(damaged(prob=values(50))))
    assert (verdict.verdict, codes(verdict)) == ("INCONCLUSIVE", ["AX306"])


def test_truncation_for_rounding_leaves_its_signature(tmp_path: Path) -> None:
    seen = J["boxes"] - np.random.default_rng(0).integers(0, 2, J["boxes"].shape).astype(np.float32) / 64
    verdict = judged(tmp_path, *twice(damaged(boxes=seen)), steps=1 / 64)
    assert "truncation" in verdict.findings[0].summary


def test_wrap_around_leaves_its_signature(tmp_path: Path) -> None:
    seen = J["boxes"].copy()
    seen.reshape(-1)[[7, 300, 900]] += np.where(seen.reshape(-1)[[7, 300, 900]] > 0, -4, 4).astype(np.float32)
    verdict = judged(tmp_path, *twice(damaged(boxes=seen)), steps=1 / 64)
    assert "wrap-around" in verdict.findings[0].summary


def test_behind_a_cpu_part_equivalent_is_as_expected(tmp_path: Path) -> None:
    seen = damaged(prob=J["prob"] + np.float32(1e-7))
    assert judged(tmp_path, *twice(seen), cpu_part=True, steps=1 / 64).verdict == "PASS"
    (tmp_path / "npu").mkdir()
    assert codes(judged(tmp_path / "npu", *twice(seen), steps=1 / 64)) == ["AX306"]


def test_when_only_outputs_behind_a_cpu_part_differ_the_npu_is_cleared(tmp_path: Path) -> None:
    seen = damaged(prob=J["prob"] * np.float32(1.0005))
    verdict = judged(tmp_path / "cpu", *twice(seen), cpu_part=True)
    assert [(one.code, one.side) for one in verdict.findings] == [("AX314", "undecided")]
    large = judged(tmp_path / "large", *twice(damaged(prob=values(50))), cpu_part=True)
    assert codes(large) == ["AX306"]
    npu = {**J, "boxes": values(51, J["boxes"].shape)}
    mixed = OutputFacts("prob", "prob", "float32", J["prob"].shape, "NCHW", cpu_part=True)
    verdict = judged(tmp_path / "both", *twice({**npu, "prob": values(50)}), declared={"prob": mixed})
    assert codes(verdict) == ["AX306"]


def test_a_tolerance_that_the_user_gives_accepts_what_lies_within_it(tmp_path: Path) -> None:
    seen = damaged(prob=J["prob"] + np.float32(1e-4))
    evidence = build(tmp_path, joint=J, rounds=twice(seen))
    assert diagnose(evidence, Settings(atol=1e-3)).verdict == "PASS"
    assert codes(diagnose(evidence, Settings(atol=1e-5))) == ["AX306"]


def test_an_explained_output_is_not_named_again_and_an_unexplained_one_is(tmp_path: Path) -> None:
    verdict = judged(tmp_path, *twice({"prob": PROBE["prob"], "boxes": values(70, J["boxes"].shape)}))
    assert [(one.code, one.outputs) for one in verdict.findings] == [("AX302", ("prob",)), ("AX306", ("boxes",))]


# AX003 on the board


def test_nan_that_only_the_board_has_is_the_board_s(tmp_path: Path) -> None:
    seen = J["prob"].copy()
    seen.reshape(-1)[[3, 5]] = np.nan
    verdict = judged(tmp_path, *twice(damaged(prob=seen)), onnx=J)
    assert [(one.code, one.owner, one.stage) for one in verdict.findings] == [("AX003", "board", "on_board")]


# AX307


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Failure("crash", "the worker was ended", signal="SIGSEGV"), "crashed (SIGSEGV)"),
        (Failure("hang", "no answer within 3 s"), "no answer in time"),
        (Failure("error", "AX_JOINT_RunSync", code=0x80061086), "0x80061086"),
        (Failure("garbage", "bad magic"), "answered nonsense"),
        (Failure("exit", "status 134", code=134), "ended its process"),
    ],
)
def test_a_runtime_that_fails_is_named_with_its_signal_or_code(tmp_path: Path, failure: Failure, words: str) -> None:
    verdict = judged(tmp_path, Ran(failure=failure))
    assert (verdict.verdict, codes(verdict), verdict.owner) == ("FAULT", ["AX307"], "board")
    assert words in verdict.findings[0].summary


def test_a_model_that_does_not_load_is_named_too(tmp_path: Path) -> None:
    failure = Failure("error", "AX_JOINT_CreateHandle failed", code=0x80061082)
    verdict = diagnose(build(tmp_path, joint=J, load_failure=failure))
    assert codes(verdict) == ["AX307"]
    assert "while loading" in verdict.findings[0].summary


def test_inputs_that_the_runtime_refuses_are_the_harness_s(tmp_path: Path) -> None:
    verdict = judged(tmp_path, Ran(failure=Failure("input", "x has 3 bytes, wants 4")), probe=None)
    assert (codes(verdict), verdict.owner) == (["AX002"], "harness")


def test_a_later_round_that_crashes_leaves_the_earlier_to_be_compared(tmp_path: Path) -> None:
    verdict = judged(tmp_path, Ran(J), Ran(failure=Failure("crash", "ended", signal="SIGBUS")))
    assert codes(verdict) == ["AX307"]
    assert json_form(verdict.document())["outputs"][0]["joint_board"]["relation"] == "IDENTICAL"


# owners


def test_a_board_finding_names_its_owner_as_proven_only_by_the_vendor_s_own_tool(tmp_path: Path) -> None:
    ours = judged(tmp_path / "ours", *twice(PROBE)).document().findings[0]
    theirs = (
        judged(
            tmp_path / "theirs",
            *twice(PROBE, log=("run joint version: 0.5.13",)),
            board_url="finished run in out",
            board_versions={"runtime": "run_joint 0.5.13"},
        )
        .document()
        .findings[0]
    )
    assert (ours.proven, ours.owner_proven) == (True, False)
    assert (theirs.proven, theirs.owner_proven) == (True, True)


def test_another_model_on_the_board_explains_whatever_it_answers(tmp_path: Path) -> None:
    verdict = judged(tmp_path, *twice({**J, "prob": values(5)}), model_sha256="e" * 64)
    assert (codes(verdict), verdict.owner) == (["AX006"], "harness")
    assert "1 of 2 outputs differ" in verdict.findings[0].summary
    assert JOINT[:12] in verdict.findings[0].summary
