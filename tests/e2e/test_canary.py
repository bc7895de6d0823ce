"""A known-good case before and after: AX005, and nothing else judged."""

import json
import shutil
from pathlib import Path

import pytest
from axpair_host.documents.pair import PairDocument
from axpair_host.documents.replayed import ReplayDocument
from axpair_host.documents.steps import NextStep
from command_line import axpair_here, said_once
from pairs import Case, case_of, codes, digests, judged, pair
from printed import printed
from replays import flags
from tiny import build_tiny, write_picture


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("tiny")
    return case_of(build_tiny(folder), write_picture(folder / "x.png"))


@pytest.fixture(scope="module")
def good(tiny: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    gt = tmp_path_factory.mktemp("good") / "gt"
    _, document = pair(tiny, gt)
    assert document["verdict"] == "PASS"
    return gt


@pytest.mark.parametrize(("at", "wrong"), [(1, ["before", "after"]), (5, ["after"])])
def test_a_board_that_fails_it_isnt_judged_by_anything_else(
    tiny: Case, good: Path, tmp_path: Path, at: int, wrong: list[str]
) -> None:
    board = f"emulator:?fault=unfit-board&at={at}"
    done, document = pair(tiny, tmp_path / "gt", "--canary", good, "--board", board)
    assert codes(document) == ["AX005"]
    assert done.returncode == 1
    assert document["findings"][0]["evidence"]["wrong"] == wrong
    assert [one["what"] for one in document["not_judged"]] == ["case"]
    again = json.loads(axpair_here("diagnose", tmp_path / "gt", "--json").stdout)
    assert again["findings"] == judged(tmp_path / "gt")["findings"] == document["findings"]


def test_a_board_that_does_it_is_judged(tiny: Case, good: Path, tmp_path: Path) -> None:
    assert pair(tiny, tmp_path / "gt", "--canary", good)[1]["verdict"] == "PASS"


def test_one_of_another_joint_runs_in_a_worker_of_its_own(tiny: Case, good: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    other = tmp_path / "model" / "other.joint"
    models = build_tiny(tmp_path / "model")
    shutil.copyfile(models.joint, other)
    other.write_bytes(other.read_bytes() + b"\0")  # padding behind the archive: another file of the same model
    case = case_of(
        type(models)(other, models.onnx, models.lava_joint, models.config), write_picture(tmp_path / "y.png")
    )
    board = ("--board", "emulator:?fault=unfit-board")
    assert "--canary-joint" in said_once(
        axpair_here("pair", *case.flags, "--out", tmp_path / "no", "--canary", good), 2
    )
    joint = tiny.models.joint
    _, document = pair(case, tmp_path / "gt", "--canary", good, "--canary-joint", joint, *board)
    assert codes(document) == ["AX005"]


def test_one_that_was_wrong_already_is_refused(tiny: Case, good: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    pair(tiny, bad, "--board", "emulator:?fault=stale-output")
    done = axpair_here("pair", *tiny.flags, "--out", tmp_path / "gt", "--canary", bad)
    assert "no known-good case" in said_once(done, 2)


def test_a_replay_on_an_unfit_board_disowns_its_cases_and_runs_them_again(
    tiny: Case, good: Path, tmp_path: Path
) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    for seed in (1, 2):
        write_picture(cases / f"{seed}.png", seed=seed)
    board = ("--board", "emulator:?fault=unfit-board&at=8")
    call = ("replay", cases, "--run", tmp_path / "run", *flags(tiny.models), "--canary", good, "--json", *board)
    for _ in range(2):
        done = axpair_here(*call)
        document = printed(done.stdout, ReplayDocument)
        assert done.returncode == 1, done.stderr
        for one in document["cases"]:
            printed(json.dumps({key: value for key, value in one.items() if key != "id"}), PairDocument[NextStep])
        assert [codes(one) for one in document["cases"]] == [["AX005"], ["AX005"]]
        assert "board: the known-good case, after" in done.stderr
    assert list((tmp_path / "run" / "cases").iterdir()) == []


def test_a_replay_on_a_fit_board_is_as_without_it(tiny: Case, good: Path, tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    write_picture(cases / "1.png", seed=1)
    call = ("replay", cases, "--run", tmp_path / "run", *flags(tiny.models), "--canary", good, "--json")
    document = json.loads(axpair_here(*call).stdout)
    assert [one["verdict"] for one in document["cases"]] == ["PASS"]


def test_the_case_never_takes_the_canary_s_place(tiny: Case, good: Path) -> None:
    before = digests(good / "joint")
    message = said_once(axpair_here("pair", *tiny.flags, "--canary", good, "--out", good, "--overwrite"), 2)
    assert "--canary" in message
    assert "would be lost" in message
    assert digests(good / "joint") == before
