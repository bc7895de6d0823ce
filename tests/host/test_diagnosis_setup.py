"""What keeps a board from loading a model: named for its own words and figures, and for nothing less."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from axpair_host.diagnosis import diagnose
from axpair_host.diagnosis.verdict import Verdict
from axpair_host.evidence.record import Failure
from host.board_cases import J, codes, judged
from host.evidence_builder import Ran, build

UNREADABLE = "[Engine] Get model type {addr: 0x0000FFFF9C000000, size: 0x1a2b3c} failed."
OTHER_MODE = "[Engine] Init engine with mode { 0 } failed, NPU has already inited to mode{ 1 }."
MALFORMED = Failure("error", "AX_JOINT_CreateHandle returned 0x80061084", code=0x80061084)
REFUSED = Failure("error", "Failed to load model.")
FIGURES = "total size=182272KB(178MB),used={used}KB(126MB + 500KB),remain={remain}KB(51MB),partition_number=1"


def loading(
    folder: Path,
    failure: Failure,
    lines: Sequence[str] = (),
    versions: dict[str, str] | None = None,
    model_vnpu: str = "",
) -> Verdict:
    """The verdict on a board that refused the model."""
    facts: dict[str, Any] = {"versions": {"model_vnpu": model_vnpu}} if model_vnpu else {}
    evidence = build(
        folder,
        joint=J,
        load_failure=failure,
        board_versions=versions or {},
        board_lines=lines,
        **facts,
    )
    return diagnose(evidence)


def test_an_unreadable_model_between_two_releases_is_the_setup_s(tmp_path: Path) -> None:
    versions = {"runtime": "libax_engine.so V2.0.0_P7_20240513", "driver": "Ax_Version V1.45.0_P39"}
    verdict = loading(tmp_path, REFUSED, (UNREADABLE,), versions)
    assert (verdict.verdict, verdict.owner, codes(verdict)) == ("FAULT", "setup", ["AX308"])
    assert verdict.findings[0].proven
    assert "V1.45.0" in verdict.findings[0].summary


@pytest.mark.parametrize(
    "versions",
    [{}, {"runtime": "run_joint 0.5.13", "driver": "V0.31"}],
    ids=["not known", "counted differently"],
)
def test_an_unreadable_model_alone_is_a_hint_beside_the_failure(tmp_path: Path, versions: dict[str, str]) -> None:
    verdict = loading(tmp_path, MALFORMED, (), versions)
    assert [(one.code, one.proven) for one in verdict.findings] == [("AX308", False), ("AX307", True)]


def test_an_unreadable_model_within_one_release_is_only_a_failure(tmp_path: Path) -> None:
    verdict = loading(tmp_path, MALFORMED, (UNREADABLE,), {"runtime": "emulator 0.2.0", "driver": "emulated 0.2.0"})
    assert codes(verdict) == ["AX307"]


def test_releases_that_differ_are_no_matter_to_a_board_that_answers(tmp_path: Path) -> None:
    versions = {"runtime": "x V2.0.0", "driver": "y V1.45.0"}
    assert codes(judged(tmp_path, Ran(J), Ran(J), board_versions=versions)) == []


def test_a_mode_that_the_runtime_complains_of_is_the_setup_s(tmp_path: Path) -> None:
    verdict = loading(tmp_path, REFUSED, (OTHER_MODE,), {"vnpu": "1_1"}, model_vnpu="disable")
    assert (verdict.owner, codes(verdict), verdict.findings[0].proven) == ("setup", ["AX309"], True)
    assert (verdict.findings[0].evidence["model"], verdict.findings[0].evidence["board"]) == ("disable", "1_1")


def test_a_model_type_that_the_mode_does_not_allow_is_the_setup_s_too(tmp_path: Path) -> None:
    said = "The model type {1} is not allowed with npu mode {0}."
    lines = (said, "[Engine] Create handle from memory {size: 0x100 bytes} failed.")
    verdict = loading(tmp_path, REFUSED, lines, {"driver": "2.0.1", "runtime": "2.0.1"})
    assert (codes(verdict), verdict.findings[0].proven) == (["AX309"], True)
    assert "a model of type 1 isn't allowed in the NPU's mode 0" in verdict.findings[0].summary


def test_an_affinity_that_the_mode_does_not_allow_is_the_setup_s_too(tmp_path: Path) -> None:
    verdict = loading(tmp_path, REFUSED, ("Cannot set affinity as {2} when npu was inited as {1}.",))
    assert (codes(verdict), verdict.findings[0].proven) == (["AX309"], True)


def test_modes_that_differ_are_a_hint_where_the_runtime_says_nothing_of_them(tmp_path: Path) -> None:
    verdict = loading(tmp_path, REFUSED, (), {"vnpu": "disable!"}, model_vnpu="1_1")
    assert [(one.code, one.proven) for one in verdict.findings] == [("AX309", False), ("AX307", True)]


def test_equal_modes_are_no_mismatch(tmp_path: Path) -> None:
    assert codes(loading(tmp_path, REFUSED, (), {"vnpu": "disable!"}, model_vnpu="disable")) == ["AX307"]


def test_more_memory_wanted_than_remained_is_exhaustion_with_the_figures(tmp_path: Path) -> None:
    lines = [
        f"CMM before load: {FIGURES.format(used=1000 * number, remain=5000 - 1000 * number)}" for number in range(3)
    ]
    failure = Failure("error", "returned 0x80061085: 9000000 bytes of CMM wanted", code=0x80061085)
    verdict = loading(tmp_path, failure, lines)
    assert (verdict.owner, codes(verdict), verdict.findings[0].proven) == ("setup", ["AX310"], True)
    evidence = verdict.findings[0].evidence
    assert [one["remain_bytes"] for one in evidence["cmm"]] == [5000 << 10, 4000 << 10, 3000 << 10]
    assert (evidence["wanted_bytes"], evidence["lost_bytes_per_load"]) == (9000000, 1000 << 10)


@pytest.mark.parametrize(
    "words", ["write: No space left on device", "open: Too many open files", "mmap: Cannot allocate memory"]
)
def test_the_system_s_own_error_is_exhaustion(tmp_path: Path, words: str) -> None:
    verdict = loading(tmp_path, Failure("error", f"CreateHandle failed: {words}"))
    assert (codes(verdict), verdict.findings[0].proven) == (["AX310"], True)


def test_a_code_that_may_mean_memory_is_a_hint_beside_the_failure(tmp_path: Path) -> None:
    verdict = loading(tmp_path, Failure("error", "CreateHandle failed", code=0x80060085))
    assert [(one.code, one.proven) for one in verdict.findings] == [("AX310", False), ("AX307", True)]


def test_memory_that_sufficed_accuses_nobody(tmp_path: Path) -> None:
    line = f"CMM after load: {FIGURES.format(used=10, remain=90000)}"
    failure = Failure("error", "returned 0x80061086: 1000 bytes of CMM wanted", code=0x80061086)
    assert codes(loading(tmp_path, failure, (line,))) == ["AX307"]


def test_memory_that_ends_in_a_run_is_exhaustion_too(tmp_path: Path) -> None:
    line = f"CMM after run: {FIGURES.format(used=182000, remain=272)}"
    failure = Failure("error", "AX_JOINT_RunSync returned 0x80061086: 900000 bytes of CMM wanted; " + line)
    assert codes(judged(tmp_path, Ran(J), Ran(failure=failure))) == ["AX310"]


def test_a_board_that_crashes_on_loading_keeps_its_code(tmp_path: Path) -> None:
    failure = Failure("crash", "the worker was ended by SIGSEGV", signal="SIGSEGV")
    versions = {"runtime": "emulator 0.2.0", "driver": "emulated 0.2.0"}
    assert codes(loading(tmp_path, failure, (), versions)) == ["AX307"]
