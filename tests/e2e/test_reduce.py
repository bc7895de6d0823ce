"""`axpair reduce`: forty cases with three faults, and boards that disagree, on a small model with branches."""

import hashlib
import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_emulator.storage.joint_file import load_program
from axpair_host.documents.reduced import ReducedCase, ReducedRun
from axpair_proto.simulator import Models
from command_line import axpair_here, command, environment, said_once
from layer_models import build_branching
from pairs import case_of, codes, pair
from printed import printed
from replays import endings, flags, replay
from tiny import build_tiny, write_picture

BOARD = (
    "emulator:?fault=nan-output,activation-bit,weight-bit&op=c2"
    "&nan-output.only=0/8&activation-bit.only=1/8&weight-bit.only=2/8"
)
WRONG = "emulator:?fault=weight-bit&op=c2"
FAULTS = {"AX003", "AX305", "AX306"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The model with branches."""
    return build_branching(tmp_path_factory.mktemp("branching"))


@pytest.fixture(scope="module")
def run(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty cases on a board on which three faults each strike some of them. Only to be read."""
    folder = tmp_path_factory.mktemp("forty")
    (folder / "cases" / "night").mkdir(parents=True)
    for seed in range(40):
        write_picture(folder / "cases" / ("night" if seed % 2 else "") / f"{seed:02}.png", seed)
    done = replay(folder / "cases", folder / "run", models, "--board", BOARD)
    assert done.returncode == 1, done.stderr
    return folder / "run"


def reduced(*arguments: str | Path, code: int = 1) -> dict[str, Any]:
    done = axpair_here("reduce", *arguments, "--json")
    assert done.returncode == code, done.stderr + done.stdout
    document = printed(done.stdout, ReducedCase, ReducedRun)
    assert document["schema_version"] == 1
    return document


def shown(run: Path) -> dict[str, set[str]]:
    """Code to the cases with it, of those that a replay found."""
    found: dict[str, set[str]] = {}
    for id_, (_, code) in endings(run).items():
        found.setdefault(code, set()).add(id_)
    return found


def bytes_below(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_of_forty_cases_with_three_faults_three_stay(run: Path, models: Models, tmp_path: Path) -> None:
    before = bytes_below(run)
    document = reduced(run, "--out", tmp_path / "least", *flags(models))
    assert document["cases"] == 40
    assert {one["signature"]["code"] for one in document["findings"]} == FAULTS
    assert len(document["kept"]) == 3
    found = shown(run)
    assert all(len(found[code]) > 1 for code in FAULTS)
    for one in document["findings"]:
        assert set(one["shown_by"]) == found[one["signature"]["code"]]
        assert one["kept"] in one["shown_by"]
    assert bytes_below(run) == before


def test_what_stays_is_judged_and_replayed_alike(run: Path, models: Models, tmp_path: Path) -> None:
    least = tmp_path / "least"
    document = reduced(run, "--out", least, *flags(models))
    for case in document["kept"]:
        (code,) = {one["signature"]["code"] for one in document["findings"] if one["kept"] == case["id"]}
        judged = axpair_here("diagnose", least / case["gt"], "--json")
        assert codes(json.loads(judged.stdout)) == [code]
        assert bytes_below(least / case["gt"]) == case["gt_sha256"]
        assert all(file["original"] for file in case["files"])
    assert json.loads((least / "manifest.json").read_text()) == document
    assert replay(least / "cases", tmp_path / "again", models, "--board", BOARD).returncode == 1
    assert shown(tmp_path / "again") == {one["signature"]["code"]: {one["kept"]} for one in document["findings"]}


def test_without_the_users_own_files_the_prepared_bytes_stand_in(run: Path, models: Models, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    for path in copy.glob("cases/*/pair.json"):
        path.write_text(path.read_text().replace("/forty", "/gone"))
    document = reduced(copy, "--out", tmp_path / "least")
    names = [file["path"] for case in document["kept"] for file in case["files"]]
    assert all(name.endswith(".png.bin") for name in names)
    assert replay(tmp_path / "least" / "cases", tmp_path / "again", models, "--board", BOARD).returncode == 1
    assert set(shown(tmp_path / "again")) == FAULTS


def test_a_folder_that_holds_something_a_strange_model_and_a_board_are_refused(
    run: Path, models: Models, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    assert "holds something" in said_once(axpair_here("reduce", run, "--out", tmp_path / "full"), 2)
    (tmp_path / "m.joint").write_bytes(models.joint.read_bytes() + b"\0")
    refused = axpair_here("reduce", run, "--out", tmp_path / "new", "--joint", tmp_path / "m.joint")
    assert "was made with sha256" in said_once(refused, 2)
    asked = axpair_here("reduce", run, "--out", tmp_path / "new", "--board", "emulator:")
    assert "no board is asked" in said_once(asked, 2)
    assert not (tmp_path / "new").exists()


def test_a_run_in_which_nothing_was_found_leaves_nothing(models: Models, tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    write_picture(tmp_path / "cases" / "a.png")
    replay(tmp_path / "cases", tmp_path / "run", models)
    document = reduced(tmp_path / "run", "--out", tmp_path / "least", code=0)
    assert (document["kept"], document["out"]) == ([], None)
    assert not (tmp_path / "least").exists()


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The case's input."""
    return write_picture(tmp_path_factory.mktemp("picture") / "p.png")


@pytest.fixture(scope="module")
def wrong(models: Models, picture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The case on a board that computes "c2" otherwise. Only to be read."""
    return disagreeing(models, picture, tmp_path_factory.mktemp("wrong") / "gt", WRONG)


def disagreeing(models: Models, picture: Path, gt: Path, board: str) -> Path:
    """The gt folder of a case with AX306."""
    _, document = pair(case_of(models, picture), gt, "--board", board)
    assert "AX306" in codes(document)
    return gt


def of(gt: Path, models: Models, out: Path, board: str) -> tuple[str | Path, ...]:
    """The arguments of a reduction of one case."""
    return (gt, *flags(models), "--board", board, "--out", out)


def test_a_disagreeing_model_is_reduced_to_one_operator_that_still_fails(
    models: Models, picture: Path, tmp_path: Path
) -> None:
    board = "emulator:?fault=weight-bit&seed=5"
    gt = disagreeing(models, picture, tmp_path / "gt", board)
    document = reduced(*of(gt, models, tmp_path / "least", board))
    part = document["part"]
    assert (document["outcome"], part["operators"], part["fails"]) == ("reduced", 1, True)
    assert part["at_most_a_tenth"]
    folder = tmp_path / "least" / "part"
    assert len(load_program(folder / "model.joint").ops) == 1
    names = [path.name for path in folder.glob("expected/*.npy")]
    wrong = [np.load(folder / "expected" / name) != np.load(folder / "board" / name) for name in names]
    counted = sorted(int(np.count_nonzero(one)) for one in wrong if one.any())
    assert counted == sorted(one["differing"] for one in part["differs"]) != []
    assert part["files"].items() <= bytes_below(folder).items()
    assert "run_joint model.joint" in (folder / "README.txt").read_text()
    inputs = [
        item for name, one in part["inputs"].items() for item in ("--input", folder / one["file"], "--layer", name)
    ]
    again = axpair_here(
        "pair", "--joint", folder / "model.joint", *inputs, "--board", board, "--out", tmp_path / "part", "--json"
    )
    assert "AX306" in codes(json.loads(again.stdout))


def test_a_search_that_was_killed_goes_on_from_its_log(wrong: Path, models: Models, tmp_path: Path) -> None:
    arguments = of(wrong, models, tmp_path / "least", WRONG)
    process = subprocess.Popen(
        command("reduce", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stderr is not None
    while "from both up to c2" not in (line := process.stderr.readline()):
        assert line, "it ended before the part from within was tried"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    log = tmp_path / "least" / "bisection.jsonl"
    before = log.read_bytes()
    done = axpair_here("reduce", *arguments, "--json")
    document = json.loads(done.stdout)
    assert [node["name"] for node in document["part"]["nodes"]] == ["c2"]
    assert document["rest"] == "agrees"
    assert "going on after" in done.stderr
    assert "try the whole model" not in done.stderr
    assert log.read_bytes().startswith(before)


def test_a_fault_that_no_longer_shows_is_inconclusive(wrong: Path, models: Models, tmp_path: Path) -> None:
    document = reduced(*of(wrong, models, tmp_path / "least", "emulator:"), code=3)
    assert (document["outcome"], document["part"]) == ("refused", None)
    assert "nothing to look for" in document["why"]


@pytest.mark.parametrize(("operator", "outcome", "code", "left"), [("c2", "reduced", 1, 11), ("map", "whole", 3, 13)])
def test_a_fault_that_strikes_this_very_input_alone_vanishes_in_parts_that_begin_within(
    operator: str, outcome: str, code: int, left: int, wrong: Path, models: Models, picture: Path, tmp_path: Path
) -> None:
    digest = hashlib.sha256(next((wrong / "input").glob("*.bin")).read_bytes()).digest()
    only = f"{int.from_bytes(digest[:8], 'little') % 65536}/65536"
    board = f"emulator:?fault=weight-bit&op={operator}&only={only}"
    gt = disagreeing(models, picture, tmp_path / "gt", board)
    document = reduced(*of(gt, models, tmp_path / "least", board), code=code)
    part = document["part"]
    assert (document["outcome"], part["fails"], part["at_most_a_tenth"]) == (outcome, True, False)
    assert part["operators"] <= left
    if outcome == "reduced":
        assert part["nodes"][-1]["name"] == operator
    else:
        assert (tmp_path / "least" / "part" / "model.joint").read_bytes() == models.joint.read_bytes()
        assert "in the whole model alone" in document["why"]


def test_what_is_no_disagreement_a_missing_board_and_another_model_are_refused(
    wrong: Path, models: Models, picture: Path, tmp_path: Path
) -> None:
    out = tmp_path / "least"
    said = said_once(axpair_here("reduce", wrong, "--joint", models.joint, "--out", out), 2)
    assert f"next: on the board:\n        axpair reduce {wrong} " in said
    assert f" --board '{WRONG}'\n" in said
    said = said_once(axpair_here("reduce", wrong, "--out", out), 2)
    assert said.endswith(f" --out {out} --joint {models.joint} --board '{WRONG}'\n")
    pair(case_of(models, picture), tmp_path / "sound")
    refused = axpair_here("reduce", *of(tmp_path / "sound", models, out, WRONG))
    assert "shows no finding" in said_once(refused, 2)
    (tmp_path / "other").mkdir()
    other = build_tiny(tmp_path / "other").joint
    refused = axpair_here("reduce", wrong, "--joint", other, "--board", WRONG, "--out", out)
    assert "was made with sha256" in said_once(refused, 2)
    assert not out.exists()
