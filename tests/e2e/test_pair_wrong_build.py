"""Files of another build: a configuration that isn't the joint's (AX209), a board that ran another joint (AX109)."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from drop_in import run_joint
from pairs import Case, Paired, case_of, codes, pair
from tiny import build_tiny, write_picture


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("tiny")
    return case_of(build_tiny(folder), write_picture(folder / "x.png"))


@pytest.fixture(scope="module")
def finished(tiny: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A gt folder with out/ in it, and the log of that run."""
    folder = tmp_path_factory.mktemp("finished")
    pair(tiny, folder / "gt")
    (folder / "out").mkdir()
    data = folder / "gt" / "input" / "data.bin"
    command: list[str | Path] = [run_joint(folder), tiny.models.joint, "--data", data, "--bin-out-dir", folder / "out"]
    return folder, subprocess.run(command, capture_output=True, text=True, check=True).stdout


def of_log(
    tiny: Case, finished: tuple[Path, str], log: str, out: Path, *, equal: bool = True
) -> tuple[list[str], list[str]]:
    """Codes of the findings and of the warnings, of that run with this log; its bytes are the simulator's or not."""
    (out / "run.log").write_text(log)
    folder = finished[0]
    board = shutil.copytree(folder / "out", out / "board")
    if not equal:
        dumped = board / "feat.bin"
        dumped.write_bytes(bytes(~byte & 0x3F for byte in dumped.read_bytes()))
    flags = ("--joint", tiny.models.joint, "--gt", folder / "gt", "--board-out", board)
    _, document = pair(Case(tiny.models, tiny.picture, flags), out / "gt", "--board-log", out / "run.log")
    return codes(document), [warning["code"] for warning in document["warnings"]]


def test_the_log_of_its_own_run_names_nothing(tiny: Case, finished: tuple[Path, str], tmp_path: Path) -> None:
    assert of_log(tiny, finished, finished[1], tmp_path) == ([], [])


def with_another_commit(log: str) -> str:
    return re.sub(r"(tools version: .*\n)[0-9a-f]{8}", r"\g<1>0badc0de", log)


def of_another_release(log: str) -> str:
    return re.sub(r"tools version: .*\n[0-9a-f]{8}", "tools version: 0.6.1.20\n0badc0de", log)


def with_larger_inputs(log: str) -> str:
    return log.replace("[1, 12, 10, 3]", "[1, 24, 20, 3]").replace("Size 360", "Size 1440")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (of_another_release, ["AX109"]),
        (with_larger_inputs, ["AX109"]),
        # One digit of a commit may have been lost on the way: alone it is a hint, and the board stays under suspicion.
        (with_another_commit, ["AX109", "AX306"]),
    ],
)
def test_a_log_of_another_joint_is_a_fault_where_the_bytes_differ_too(
    tiny: Case, finished: tuple[Path, str], tmp_path: Path, changed: Callable[[str], str], named: list[str]
) -> None:
    log = changed(finished[1])
    assert log != finished[1]
    assert of_log(tiny, finished, log, tmp_path, equal=False)[0] == named


@pytest.mark.parametrize("changed", [of_another_release, with_another_commit, with_larger_inputs])
def test_a_log_of_another_joint_is_a_warning_where_the_bytes_are_equal(
    tiny: Case, finished: tuple[Path, str], tmp_path: Path, changed: Callable[[str], str]
) -> None:
    assert of_log(tiny, finished, changed(finished[1]), tmp_path) == ([], ["AX109"])


@pytest.mark.parametrize(
    ("pattern", "other", "said"),
    [
        (r"slope: [\d.]+", "slope: 3.0", "slope and offset"),
        ("TARGET_HARDWARE_AX620", "TARGET_HARDWARE_AX630", "AX630"),
    ],
)
def test_a_configuration_that_contradicts_the_joint_is_named_before_any_loss(
    paired_page: Paired, tmp_path: Path, pattern: str, other: str, said: str
) -> None:
    config = paired_page.case.models.config
    assert config is not None
    text, changes = re.subn(pattern, other, config.read_text(), count=1)
    assert changes == 1
    (tmp_path / "config.prototxt").write_text(text)
    _, document = pair(paired_page.case, tmp_path / "gt", "--config", tmp_path / "config.prototxt")
    assert codes(document) == ["AX209"]
    assert said in document["findings"][0]["summary"]
    assert document["findings"][0]["proven"]
