"""The bisection's log: what was cut short doesn't count, and another case's log is refused."""

from pathlib import Path

import pytest
from axpair_host.documents.layers import TensorDifference, Trial
from axpair_host.errors import UsageError
from axpair_host.layers.trial_log import FILE_NAME, Header, TrialLog

HEADER = Header("ab" * 32, {"data": "cd" * 32}, "emulator:", "emulator 1", 2)


def trial(key: str) -> Trial:
    return Trial(key, (key,), True, (TensorDifference(key, 3, 10, 1.0, ("one step",)),), 0.5)


def test_trials_are_there_for_the_next_run(tmp_path: Path) -> None:
    log = TrialLog(tmp_path / "new" / "folder", HEADER)
    log.add(trial("1: a"))
    log.add(trial("2: b"))
    again = TrialLog(tmp_path / "new" / "folder", HEADER)
    assert again.trials == log.trials
    assert again.resumed == 2


@pytest.mark.parametrize("lost", [1, 20])
def test_a_line_that_was_cut_short_doesnt_count_and_doesnt_stay(tmp_path: Path, lost: int) -> None:
    log = TrialLog(tmp_path, HEADER)
    log.add(trial("1: a"))
    log.add(trial("2: b"))
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:-lost])
    again = TrialLog(tmp_path, HEADER)
    assert list(again.trials) == ["1: a"]
    again.add(trial("3: c"))
    assert list(TrialLog(tmp_path, HEADER).trials) == ["1: a", "3: c"]


def test_a_damaged_line_costs_its_own_trial_alone(tmp_path: Path) -> None:
    log = TrialLog(tmp_path, HEADER)
    for key in ("1: a", "2: b", "3: c"):
        log.add(trial(key))
    lines = (tmp_path / FILE_NAME).read_bytes().splitlines(keepends=True)
    (tmp_path / FILE_NAME).write_bytes(b"".join([*lines[:2], b'{"key": \xff\n', *lines[3:]]))
    again = TrialLog(tmp_path, HEADER)
    assert (list(again.trials), again.resumed, again.damaged) == (["1: a", "3: c"], 2, 1)


def test_a_log_without_its_first_line_is_started_anew(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'{"joint_sha')
    assert TrialLog(tmp_path, HEADER).trials == {}
    assert len((tmp_path / FILE_NAME).read_bytes().splitlines()) == 1


def test_another_bisections_log_is_refused_with_what_is_unlike(tmp_path: Path) -> None:
    TrialLog(tmp_path, HEADER)
    other = Header("ab" * 32, {"data": "cd" * 32}, "emulator:?fault=race", "emulator 1", 2)
    with pytest.raises(UsageError, match="board emulator: against emulator:\\?fault=race"):
        TrialLog(tmp_path, other)


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("hello\n")
    with pytest.raises(UsageError, match="is no log of a bisection"):
        TrialLog(tmp_path, HEADER)
