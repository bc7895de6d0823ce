"""A run folder in doubt: a damaged header, metrics that aren't a document's, a state that isn't ours."""

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from axpair_host.documents.reduced import ReducedRun
from axpair_host.errors import UsageError
from axpair_host.render import reduced
from axpair_host.replay.cases import discover
from axpair_host.replay.ended import so_far
from axpair_host.replay.pins import DIGEST, WORDS, refuse_damaged, refuse_other, with_digest
from axpair_host.replay.place import CASES_FOLDER, FILE_NAME, LOCK_NAME
from axpair_host.replay.row import Row
from axpair_host.replay.store import lock_run, open_run
from axpair_proto.gt.marks import MARK

from benchmarks.hostile.attack import digests

HEADER = {**dict.fromkeys(WORDS, ""), "joint": "a" * 64, "board": "emulator:", "post_pattern": "([0-9]+)"}


def row(id_: str) -> Row:
    comparison = {"relation": "IDENTICAL", "cosine": 1.0, "max_abs": 0.0}
    outputs = [{"name": name, "joint_board": comparison} for name in ("y", "z")]
    return Row.judged(id_, "00", "", {"verdict": "PASS", "owner": "none", "findings": [], "outputs": outputs})


def made(run: Path) -> Path:
    with lock_run(run) as opened:
        opened.pin(with_digest(HEADER))
        for id_ in ("a.png", "b.png"):
            opened.add(row(id_))
    return run


def sql(run: Path, *statements: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(run / FILE_NAME)) as connection, connection:
        return [one for statement in statements for one in connection.execute(statement)]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM header",
        "DELETE FROM header WHERE key = 'board'",
        "DELETE FROM header WHERE key = 'post_pattern'",
        f"DELETE FROM header WHERE key IN ('atol', '{DIGEST}')",
        "UPDATE header SET value = 'emulator:?fault=drop' WHERE key = 'board'",
        "UPDATE header SET value = X'ff' WHERE key = 'joint'",
        f"UPDATE header SET value = '' WHERE key = '{DIGEST}'",
    ],
)
def test_rows_below_a_damaged_header_are_nobodys(tmp_path: Path, damage: str) -> None:
    run = made(tmp_path / "run")
    with lock_run(run) as opened:
        refuse_damaged(opened.header(), 2, "run")
    sql(run, damage)
    with lock_run(run) as opened, pytest.raises(UsageError, match=r"header is damaged .* 2 rows were made"):
        refuse_damaged(opened.header(), 2, "run")


def test_a_header_of_release_0_1_0_is_no_damage() -> None:
    older = {
        key: value for key, value in HEADER.items() if key not in ("other", "preprocess", "resize", "post_pattern")
    }
    refuse_damaged({**older, "case_list": "x"}, 2, "run")
    refuse_damaged({}, 0, "run")


def test_values_that_differ_are_shown_where_they_do() -> None:
    there = {"joint": f"{'a' * 63}b", "board": f"ssh://{'x' * 400}1", "atol": "0.1", "other": "\x1b"}
    now = {"joint": "a" * 64, "board": f"ssh://{'x' * 400}2", "atol": "0.1 ", "other": "\\x1b"}
    with pytest.raises(UsageError) as refused:
        refuse_other(there, now, "run")
    assert f"sha256 {'a' * 63}b there, sha256 {'a' * 64} now" in refused.value.message
    assert f"the board: ...{'x' * 20}1 there, ...{'x' * 20}2 now" in refused.value.message
    assert "--atol: '0.1' there, '0.1 ' now" in refused.value.message
    assert r"--other: '\x1b' there, '\\x1b' now" in refused.value.message


METRIC_DAMAGES = (
    "UPDATE metrics SET cosine = 'abc' WHERE id = 'b.png'",
    "UPDATE metrics SET cosine = 0.5 WHERE id = 'b.png' AND position = 1",
    "UPDATE metrics SET output = char(27) || '[31m' WHERE id = 'b.png' AND position = 0",
    "UPDATE metrics SET measured = '{' WHERE id = 'b.png'",
    "UPDATE metrics SET measured = X'ff' WHERE id = 'b.png'",
    "DELETE FROM metrics WHERE id = 'b.png'",
    "DELETE FROM metrics WHERE id = 'b.png' AND position = 0",
    "INSERT INTO metrics VALUES ('b.png', 7, 'y', 'joint_board', 'DIFFERENT', 0.1, '{}')",
    "UPDATE metrics SET position = position + 5 WHERE id = 'b.png'",
)


@pytest.mark.parametrize("damage", METRIC_DAMAGES)
def test_metrics_that_are_not_the_documents_are_written_anew(tmp_path: Path, damage: str) -> None:
    run = made(tmp_path / "run")
    usual = sql(run, "SELECT * FROM metrics ORDER BY id, position")
    with lock_run(run) as opened:
        assert opened.mend_metrics() == []
    sql(run, damage)
    with lock_run(run) as opened:
        assert opened.mend_metrics() == ["b.png"]
        assert opened.mend_metrics() == []
    assert sql(run, "SELECT * FROM metrics ORDER BY id, position") == usual


def test_metrics_without_a_case_go_and_stand_in_no_cases_way(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    sql(run, "UPDATE cases SET id = 'b.pn' WHERE id = 'b.png'")
    with lock_run(run) as opened:
        opened.add(row("b.png"))
        assert opened.rows() == [row("a.png"), row("b.png")]
        assert opened.mend_metrics() == []
    sql(run, "INSERT INTO metrics VALUES ('nobody', 0, 'y', 'joint_board', 'IDENTICAL', 1.0, '{}')")
    with lock_run(run) as opened:
        assert opened.mend_metrics() == ["nobody"]
    assert sql(run, "SELECT count(*) FROM metrics WHERE id = 'nobody'") == [(0,)]


def other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 1")
        connection.execute("CREATE TABLE photos (name TEXT)")


@pytest.mark.parametrize("kind", ["empty", "text", "database", "lock"])
@pytest.mark.parametrize("beside", [True, False], ids=["photos", "alone"])
def test_in_a_users_folder_nothing_is_planted(tmp_path: Path, kind: str, beside: bool) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    if beside:
        (folder / "photo.png").write_text("mine")
    if kind == "database":
        other_database(folder / FILE_NAME)
    elif kind == "lock":
        (folder / LOCK_NAME).write_text("mine")
    else:
        (folder / FILE_NAME).write_text("" if kind == "empty" else "hi")
    before = digests(folder)
    with pytest.raises(UsageError, match="--run") as refused, lock_run(folder):
        pass
    assert "delete" not in str(refused.value.next_step)
    with pytest.raises(UsageError), open_run(folder):
        pass
    assert digests(folder) == before
    assert so_far(folder) == "no case was finished"


@pytest.mark.parametrize("name", [FILE_NAME, LOCK_NAME, CASES_FOLDER])
def test_what_is_no_file_in_a_files_place_is_said(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    os.mkfifo(folder / name)
    with pytest.raises(UsageError, match=f"{name} is a device or pipe, where a run has a"), lock_run(folder):
        pass
    assert [path.name for path in folder.iterdir()] == [name]


def test_a_run_of_release_0_1_0_that_was_killed_early_is_used(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    (run / MARK).unlink()
    with lock_run(run) as opened:
        assert len(opened.rows()) == 2
    early = tmp_path / "early"
    early.mkdir()
    (early / FILE_NAME).touch()
    (early / LOCK_NAME).touch()
    with lock_run(early) as opened:
        assert opened.rows() == []


def test_a_damaged_id_is_cut_and_still_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made(tmp_path / "run")
    sql(run, f"UPDATE cases SET id = '{'x' * 100_000}' WHERE id = 'b.png'")
    with open_run(run) as opened:
        (damaged,) = opened.damaged()
    assert len(damaged) < 5000
    ids = (damaged, damaged)
    reduced.cases(
        ReducedRun(
            schema_version=1,
            of="run",
            verdict="PASS",
            source="",
            out=None,
            run={},
            cases=2,
            passed=0,
            undecided=ids,
            unusable=ids,
            without_evidence=ids,
            findings=(),
            kept=(),
            models={},
            damaged=ids,
        )
    )
    assert max(map(len, capsys.readouterr().out.splitlines())) < 1000


def test_a_name_of_other_bytes_is_told_from_one_that_is_spelled_like_it(tmp_path: Path) -> None:
    for name in (b"\xff.png", b"\\xff.png"):
        (tmp_path / os.fsdecode(name)).touch()
    with pytest.raises(UsageError) as refused:
        discover(tmp_path, ["x"])
    assert r"/\xff.png')" in refused.value.message
    assert refused.value.message.count("not UTF-8") == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", disk], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_an_io_error_of_a_full_disk_is_called_full_and_what_is_kept_is_counted(small_disk: Path) -> None:
    run = made(small_disk / "run")
    assert so_far(run) == f"2 finished cases kept in {run}"
    with (small_disk / "filling").open("wb", buffering=0) as filling, contextlib.suppress(OSError):
        while filling.write(bytes(4096)):
            pass
    with pytest.raises(UsageError, match="disk is full") as refused, lock_run(run):
        pass
    assert str(refused.value.next_step).startswith("free space there")
    assert so_far(run) == f"2 finished cases kept in {run}"
