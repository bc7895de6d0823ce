"""Logs that end too early: what isn't known is said, and nobody is accused of it."""

from pathlib import Path

import pytest
from host.finished_runs import HEAD, RELEASE, codes, differing, emptied, judged, logged, made

LOST = "client_loop: send disconnect: Broken pipe\n"


@pytest.mark.parametrize(
    "end",
    ["", LOST, "error: device '(null)' not found\n", "^C\n", "root@AXERA:~# \n"],
    ids=["", "ssh", "adb", "^C", "$"],
)
@pytest.mark.parametrize("until", ["virtual npu", "Max Batch", "Input[0]", "    Size", "Using batch", "dump"])
def test_a_log_that_breaks_off_beside_an_empty_folder_accuses_nobody(tmp_path: Path, until: str, end: str) -> None:
    case = emptied(made(tmp_path))
    whole = case.log(RELEASE).read_text()
    document = judged(case, logged(case, whole[: whole.index(until)] + end))
    assert codes(document) == ["INCONCLUSIVE"]
    assert "breaks off at" in str(document["not_judged"])


@pytest.mark.parametrize("until", ["virtual npu", "Input[0]", "dump"])
def test_beside_files_it_is_said_that_they_may_be_another_run_s(tmp_path: Path, until: str) -> None:
    case = made(tmp_path)
    whole = case.log(RELEASE).read_text()
    log = logged(case, whole[: whole.index(until)] + LOST)
    right, wrong = judged(case, log), judged(differing(case), log)
    assert (codes(right), codes(wrong)) == (["PASS"], ["INCONCLUSIVE", "AX306"])
    for document in (right, wrong):
        assert "breaks off before the end of the run" in str(document["not_judged"])


@pytest.mark.parametrize("end", ["Aborted\n", "AX_JOINT_RunSync failed\n", "AX_JOINT: ret = 0x8006008a\n"])
def test_where_a_failure_stands_at_the_end_it_is_judged(tmp_path: Path, end: str) -> None:
    case = emptied(made(tmp_path))
    assert codes(judged(case, logged(case, HEAD + end))) == ["FAULT", "AX307"]


def test_a_number_that_is_no_code_or_that_the_run_went_on_after_is_no_failure(tmp_path: Path) -> None:
    case = emptied(made(tmp_path))
    for text in (HEAD + "phyAddr 0x84000000\n", HEAD.replace("Using", "ret = 0x8006008a\nUsing")):
        assert codes(judged(case, logged(case, text))) == ["INCONCLUSIVE"]
