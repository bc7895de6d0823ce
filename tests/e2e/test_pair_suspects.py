"""Before a board is named: the vendor's own command, the table of switches, and what ran before."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import axpair_here
from drop_in import run_joint, script
from pairs import Case, case_of, codes, pair
from tiny import build_tiny, write_picture

WRONG = "emulator:?fault=weight-bit"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("tiny")
    return case_of(build_tiny(folder), write_picture(folder / "x.png"))


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_joint(tmp_path_factory.mktemp("tools"))


def first(document: dict[str, Any]) -> dict[str, Any]:
    finding: dict[str, Any] = document["findings"][0]
    return finding


def what(document: dict[str, Any]) -> list[str]:
    return [one["what"] for one in document["not_judged"]]


def test_run_joint_showing_the_same_bytes_proves_the_owner(tiny: Case, vendors: Path, tmp_path: Path) -> None:
    _, document = pair(tiny, tmp_path / "gt", "--board", WRONG, "--second-opinion", vendors)
    assert codes(document) == ["AX306"]
    assert first(document)["owner_proven"]
    assert first(document)["by_vendor"] == "same"
    assert document["second_opinion"]["versions"]["runtime"].startswith("run_joint")
    assert any(line.startswith("dump output[0]") for line in document["second_opinion"]["log_lines"])
    assert "second_opinion" not in what(document)


def test_run_joint_being_right_leaves_our_own_worker(tiny: Case, tmp_path: Path) -> None:
    sound = script(tmp_path, 'unset AXPAIR_FAULT; exec "$REAL" "$@"')
    _, document = pair(tiny, tmp_path / "gt", "--board", WRONG, "--second-opinion", sound)
    assert first(document)["owner"] == document["owner"] == "harness"
    assert first(document)["by_vendor"] == "right"
    stored = json.loads(axpair_here("diagnose", tmp_path / "gt", "--json").stdout)
    assert stored["findings"] == document["findings"]


def test_run_joint_ended_from_outside_leaves_the_verdict_and_says_nothing(tiny: Case, tmp_path: Path) -> None:
    killed = script(tmp_path, "kill -KILL $$")
    done, document = pair(tiny, tmp_path / "gt", "--board", WRONG, "--second-opinion", killed)
    assert (done.returncode, codes(document)) == (1, ["AX306"])
    assert "by_vendor" not in first(document) or first(document)["by_vendor"] not in ("same", "right")
    assert "second_opinion" in what(document)


@pytest.mark.parametrize("body", ["kill -SEGV $$", "echo 'undefined option: --nope' >&2; exit 1"])
def test_run_joint_failing_otherwise_is_told_and_shows_nothing(tiny: Case, tmp_path: Path, body: str) -> None:
    _, document = pair(tiny, tmp_path / "gt", "--board", WRONG, "--second-opinion", script(tmp_path, body))
    assert codes(document) == ["AX306"]
    assert first(document).get("by_vendor") not in ("same", "right")
    (said,) = (one["why"] for one in document["not_judged"] if one["what"] == "second_opinion")
    assert "gave nothing to compare" in said


def test_one_right_answer_of_run_joint_clears_no_board_of_a_race(tiny: Case, tmp_path: Path) -> None:
    sound = script(tmp_path, 'unset AXPAIR_FAULT; exec "$REAL" "$@"')
    board = ("--board", "emulator:?fault=race", "--second-opinion", sound)
    _, document = pair(tiny, tmp_path / "gt", *board)
    assert codes(document) == ["AX301"]
    assert (first(document)["owner"], first(document)["owner_proven"]) == ("board", False)


def test_a_board_without_run_joint_is_one_line(tiny: Case, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    _, document = pair(tiny, tmp_path / "gt", "--board", WRONG, "--second-opinion", missing)
    assert not first(document)["owner_proven"]
    (why,) = [one["why"] for one in document["not_judged"] if one["what"] == "second_opinion"]
    assert why == "no program run_joint there; or --second-opinion PATH"
    assert str(missing) in document["second_opinion"]["lacking"]


def test_a_healthy_case_asks_nobody(tiny: Case, tmp_path: Path) -> None:
    asked = script(tmp_path, 'touch "${0%/*}/was-asked"; exec "$REAL" "$@"')
    _, document = pair(tiny, tmp_path / "gt", "--second-opinion", asked, "--switches")
    assert document["second_opinion"] is None
    assert document["switches"] is None
    assert not (tmp_path / "was-asked").exists()


def test_the_table_says_of_each_switch_whether_the_bytes_change_and_are_right(
    tiny: Case, vendors: Path, tmp_path: Path
) -> None:
    gt = tmp_path / "gt"
    board = ("--board", "emulator:?fault=leftover-state", "--second-opinion", vendors)
    _, document = pair(tiny, gt, *board, "--switches", "--other-board", "emulator:")
    assert codes(document) == ["AX313"]
    assert first(document)["proven"]
    rows = {row["switch"]: (row["changed"], row["right"]) for row in document["switches"]}
    assert rows["fresh process, alone"] == (True, True)
    assert rows["fresh process, behind another input"] == (False, False)
    assert rows["another board"] == (True, True)
    assert rows["run_joint --cache-mode NONE-CACHED"] == (True, True)
    by_hand = [row for row in document["switches"] if row["switch"] == "another BSP"]
    assert by_hand[0]["changed"] is None
    assert by_hand[0]["lacking"].startswith("by hand: ")
    said = axpair_here("diagnose", gt).stdout
    assert "bytes changed?" in said
    assert "fresh process, behind another input  no" in said


def test_without_the_flag_the_table_is_offered_and_not_made(tiny: Case, tmp_path: Path) -> None:
    _, document = pair(tiny, tmp_path / "gt", "--board", WRONG, "--second-opinion", "none")
    assert document["switches"] is None
    assert {"second_opinion", "switches"} <= set(what(document))


def test_what_the_first_input_left_behind_is_ax313_on_a_real_model(page: Case, tmp_path: Path) -> None:
    _, document = pair(page, tmp_path / "gt", "--board", "emulator:?fault=leftover-state", "--second-opinion", "none")
    assert codes(document) == ["AX313"]
    assert first(document)["proven"]
