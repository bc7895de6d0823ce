"""Where a case goes, and where half of its evidence may come from."""

import json
import shutil
from pathlib import Path

import pytest
from command_line import axpair_here, said_once
from pairs import Case, Paired, digests, judged, pair


@pytest.fixture
def paired(paired_page: Paired) -> Path:
    """A gt folder that is only read."""
    return paired_page.gt


def test_the_same_case_replaces_the_old_result(page: Case, paired: Path, tmp_path: Path) -> None:
    gt = tmp_path / "gt"
    shutil.copytree(paired, gt)
    pair(page, gt, "--board", "emulator:?fault=stale-output")
    assert judged(gt)["verdict"] == "FAULT"
    pair(page, gt)
    assert judged(gt)["verdict"] == "PASS"
    assert [path.name for path in tmp_path.iterdir()] == ["gt"]
    assert not (gt / "runs").exists()


def test_another_case_in_the_folder_is_named_and_stays(page: Case, face: Case, paired: Path, tmp_path: Path) -> None:
    gt = tmp_path / "gt"
    shutil.copytree(paired, gt)
    before = digests(gt / "board")
    message = said_once(axpair_here("pair", *face.flags, "--out", gt), 2)
    assert "'upright'" in message
    assert "'astronaut'" in message
    assert digests(gt / "board") == before
    assert [path.name for path in tmp_path.iterdir()] == ["gt"]
    done, _ = pair(face, gt, "--overwrite")
    assert done.returncode == 1
    assert judged(gt)["owner"] == "quantization"


def test_a_folder_of_the_users_own_is_not_replaced(page: Case, tmp_path: Path) -> None:
    (tmp_path / "gt").mkdir()
    (tmp_path / "gt" / "thesis.txt").write_text("chapter 1")
    assert "aren't a case of axpair's" in said_once(axpair_here("pair", *page.flags, "--out", tmp_path / "gt"), 2)
    assert (tmp_path / "gt" / "thesis.txt").read_text() == "chapter 1"


def test_with_gt_only_the_board_runs(page: Case, paired: Path, tmp_path: Path) -> None:
    simulated = tmp_path / "simulated"
    for leg in ("input", "onnx", "joint"):
        shutil.copytree(paired / leg, simulated / leg)
    done = axpair_here("pair", "--joint", page.models.joint, "--gt", simulated, "--out", tmp_path / "gt", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["verdict"] == "PASS"
    assert "simulate" not in done.stderr
    assert digests(tmp_path / "gt" / "board") == digests(paired / "board")
    assert not (tmp_path / "gt" / "lava_joint").exists()


def test_legs_that_gt_lacks_are_simulated_where_their_model_is_given(page: Case, paired: Path, tmp_path: Path) -> None:
    for leg in ("input", "joint"):
        shutil.copytree(paired / leg, tmp_path / "simulated" / leg)
    flags: list[str | Path] = [
        "--joint",
        page.models.joint,
        "--gt",
        tmp_path / "simulated",
        "--out",
        tmp_path / "gt",
        "--json",
    ]
    for leg, model in (("lava_joint", page.models.lava_joint), ("onnx", page.models.onnx)):
        assert model is not None
        flags += [f"--{leg.replace('_', '-')}", model]
        done = axpair_here("pair", *flags)
        assert done.returncode == 0, done.stderr
        assert digests(tmp_path / "gt" / leg) == digests(paired / leg)
        assert f"--{leg.replace('_', '-')}" not in str(json.loads(done.stdout)["not_judged"])
    assert not (tmp_path / "simulated" / "onnx").exists()


def test_gt_may_be_the_folder_that_is_written_and_keeps_what_else_lies_there(
    page: Case, paired: Path, tmp_path: Path
) -> None:
    gt = tmp_path / "gt"
    for leg in ("input", "onnx", "joint"):
        shutil.copytree(paired / leg, gt / leg)
    (gt / "notes.txt").write_text("from the toolchain's machine")
    done = axpair_here("pair", "--joint", page.models.joint, "--gt", gt, "--out", gt)
    assert done.returncode == 0, done.stderr
    assert digests(gt / "board") == digests(paired / "board")
    assert (gt / "notes.txt").is_file()


def test_a_finished_run_stands_for_the_board(page: Case, paired: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for path in (paired / "board").glob("*.bin"):
        shutil.copy(path, out)
    (tmp_path / "log").write_text("run joint version: 0.5.13\nUsing batch size 1\n")
    finished = ("--board-out", out, "--board-log", tmp_path / "log")
    _, document = pair(page, tmp_path / "gt", *finished)
    assert {one["joint_board"]["relation"] for one in document["outputs"]} == {"IDENTICAL"}
    assert "board: " not in axpair_here("pair", *page.flags, "--out", tmp_path / "gt", *finished).stderr


def test_files_of_other_names_are_paired_as_said(face: Case, paired_face: Paired, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    stems = sorted(path.stem for path in (paired_face.gt / "board").glob("*.bin"))
    for number, stem in enumerate(stems):
        shutil.copy(paired_face.gt / "board" / f"{stem}.bin", out / f"m_outputs_{number}.bin")
    finished: tuple[str | Path, ...] = ("--board-out", out)
    message = said_once(axpair_here("pair", *face.flags, "--out", tmp_path / "gt", *finished), 2)
    assert "check that the folder belongs to this joint; where it does, " in message
    assert "--map " in message
    for number, stem in enumerate(stems):
        finished = (*finished, "--map", f"m_outputs_{number}={stem}")
    _, document = pair(face, tmp_path / "gt", *finished)
    assert {one["joint_board"]["relation"] for one in document["outputs"]} == {"IDENTICAL"}


def test_a_finished_run_on_random_data_is_no_run_on_this_input(page: Case, paired: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for path in (paired / "board").glob("*.bin"):
        (out / path.name).write_bytes(path.read_bytes()[::-1])
    (tmp_path / "log").write_text("read file a.bin for input[0] x data failed, using random data\n")
    done, document = pair(page, tmp_path / "gt", "--board-out", out, "--board-log", tmp_path / "log")
    assert done.returncode == 1
    assert document["findings"][0]["code"] == "AX101"


def test_golden_is_copied_and_compared(page: Case, paired: Path, tmp_path: Path) -> None:
    golden = tmp_path / "golden"
    golden.mkdir()
    for path in (paired / "onnx").glob("*.npy"):
        shutil.copy(path, golden)
    _, document = pair(page, tmp_path / "gt", "--golden", golden)
    assert digests(golden).items() <= digests(tmp_path / "gt" / "golden").items()
    assert document["outputs"][0]["golden_onnx"]["relation"] == "IDENTICAL"


def test_without_onnx_and_lava_joint_the_rest_is_judged_and_the_lack_is_listed(page: Case, tmp_path: Path) -> None:
    done = axpair_here(
        "pair", "--joint", page.models.joint, "--input", page.picture, "--out", tmp_path / "gt", "--json"
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["verdict"] == "PASS"
    assert document["not_judged"]
    assert document["outputs"][0]["onnx_joint"] is None
