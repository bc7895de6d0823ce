"""axpair demo: its story, what it leaves, and the commands that it prints."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from command_line import axpair, said_once


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder to begin with."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(folder: Path) -> "subprocess.CompletedProcess[str]":
    """The demo, as a newcomer calls it."""
    return axpair("demo", cwd=folder)


def printed_commands(text: str) -> list[list[str]]:
    """Every command line of the demo's end, lines that go on joined."""
    joined = text.replace(" \\\n", " ")
    return [shlex.split(line) for line in joined.splitlines() if line.startswith("  axpair ")]


def test_the_story_has_three_parts_and_holds(told: "subprocess.CompletedProcess[str]") -> None:
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("PASS") == 4
    assert told.stdout.count("FAULT AX302 board") == 4
    assert told.stdout.count("FAULT AX405 postprocess") == 4
    assert "The demo's story holds." in told.stdout


def test_a_pipe_gets_plain_lines(told: "subprocess.CompletedProcess[str]") -> None:
    assert "\x1b" not in told.stdout + told.stderr
    assert "\r" not in told.stdout + told.stderr


def test_the_stale_boards_answers_are_those_of_the_page_before(
    told: "subprocess.CompletedProcess[str]", folder: Path
) -> None:
    assert told.returncode == 0

    def answer(page: int, part: str) -> bytes:
        return (folder / "demo-out" / part / f"page-{page}" / "board" / "fetch_name_0.bin").read_bytes()

    for page, before in ((0, 270), (90, 0), (180, 90), (270, 180)):
        assert answer(page, "stale-output") == answer(before, "healthy") != answer(page, "healthy")
        assert answer(page, "rotated-labels") == answer(page, "healthy")


def test_the_printed_commands_work_as_they_stand(told: "subprocess.CompletedProcess[str]", folder: Path) -> None:
    commands = printed_commands(told.stdout)
    codes = [axpair(*command[1:], cwd=folder).returncode for command in commands[:3]]
    assert [command[1] for command in commands] == ["diagnose", "explain", "pair", "emulator", "pair"]
    assert codes == [1, 0, 0]


def test_as_json_every_case_is_a_pair_document_and_a_second_demo_replaces_the_first(
    told: "subprocess.CompletedProcess[str]", folder: Path
) -> None:
    assert told.returncode == 0
    done = axpair("demo", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    cases = json.loads(done.stdout)["cases"]
    assert [case["id"] for case in cases[:5]] == [
        *(f"healthy/page-{angle}" for angle in (0, 90, 180, 270)),
        "stale-output/page-0",
    ]
    assert [case["verdict"] for case in cases] == ["PASS"] * 4 + ["FAULT"] * 8
    assert all(case["outputs"][0]["onnx_lava"]["cosine"] > 0.98 for case in cases)
    assert "build:" not in done.stderr


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo-out").mkdir()
    (tmp_path / "demo-out" / "thesis.txt").write_text("mine")
    assert "holds something other than an earlier demo" in said_once(axpair("demo", cwd=tmp_path), 2)
    assert [path.name for path in (tmp_path / "demo-out").iterdir()] == ["thesis.txt"]
