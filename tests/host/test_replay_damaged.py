"""A run's state that was damaged, or that its disk refuses: what it costs, and what is said of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from axpair_host.errors import UsageError
from axpair_host.replay.ended import counted, so_far
from axpair_host.replay.place import FILE_NAME, LOCK_NAME
from axpair_host.replay.row import Row
from axpair_host.replay.store import lock_run, open_run

DAMAGES = (
    ("document", "{"),
    ("document", "[]"),
    ("document", "null"),
    ("document", "[" * 100_000),
    ("document", b"\xff\xfe"),
    ("document", 7),
    ("document", '{"id": "b.jpg", "verdict": "FAULT", "findings": 3}'),
    ("document", '{"id": "b.jpg", "verdict": "PASS", "outputs": [{"name": "y", "joint_board": {"cosine": "low"}}]}'),
    ("document", '{"id": "c.jpg", "verdict": "PASS"}'),
    ("volatile", "{"),
    ("volatile", "7"),
    ("verdict", "\x1b[31m"),
    ("verdict", b"\xff"),
    ("code", "AX302"),
    ("owner", "nobody"),
    ("kept", "../../outside"),
    ("kept", "cases/.."),
    ("kept", "cases/a/../../x"),
    ("kept", "x" * 100_000),
)


def row(id_: str) -> Row:
    comparison = {"relation": "IDENTICAL", "cosine": 1.0, "max_abs": 0.0}
    document = {
        "verdict": "PASS",
        "owner": "none",
        "findings": [],
        "outputs": [{"name": "y", "joint_board": comparison}],
    }
    return Row.judged(id_, "00", "", document)


def two_rows(run: Path) -> Path:
    with lock_run(run) as opened:
        for id_ in ("a.jpg", "b.jpg"):
            opened.add(row(id_))
    return run


@pytest.mark.parametrize(("column", "value"), DAMAGES)
def test_a_damaged_row_is_named_and_costs_that_row(tmp_path: Path, column: str, value: object) -> None:
    run = two_rows(tmp_path / "run")
    with closing(sqlite3.connect(run / FILE_NAME)) as connection, connection:
        connection.execute(f"UPDATE cases SET {column} = ? WHERE id = 'b.jpg'", (value,))
    with lock_run(run) as opened:
        assert [each.id for each in opened.rows()] == ["a.jpg"]
        assert list(opened.done()) == ["a.jpg"]
        assert list(opened.damaged()) == ["b.jpg"]
        opened.add(row("b.jpg"))
        assert opened.rows() == [row("a.jpg"), row("b.jpg")]
        assert opened.damaged() == {}


def test_a_damaged_header_is_text_that_fits_no_replay(tmp_path: Path) -> None:
    run = two_rows(tmp_path / "run")
    with closing(sqlite3.connect(run / FILE_NAME)) as connection, connection:
        connection.execute("INSERT INTO header VALUES ('joint', ?)", (b"\xff",))
    with open_run(run) as opened:
        assert opened.header() == {"joint": "b'\\xff'"}


def test_rows_of_unusable_cases_are_no_damage(tmp_path: Path) -> None:
    with lock_run(tmp_path) as opened:
        opened.add(Row.unusable("c.jpg", "11", "not an image", "give one"))
        assert (len(opened.rows()), opened.damaged()) == (1, {})


def test_only_a_damaged_file_is_a_reason_to_begin_anew(tmp_path: Path) -> None:
    run = two_rows(tmp_path / "run")
    (run / FILE_NAME).write_bytes(b"no database at all" * 1000)
    with pytest.raises(UsageError, match="not a database") as refused, open_run(run):
        pass
    assert f"it is damaged: move {run / FILE_NAME} elsewhere" in str(refused.value.next_step)


def test_a_full_disk_says_how_many_cases_are_kept_and_nothing_of_beginning_anew(tmp_path: Path) -> None:
    run = two_rows(tmp_path / "run")
    with pytest.raises(UsageError) as refused, lock_run(run) as opened, counted(opened):
        raise sqlite3.OperationalError("database or disk is full")
    assert refused.value.message.endswith(f"2 finished cases kept in {run}")
    assert str(refused.value.next_step) == "free space there, and call the same command again:"


def test_where_a_row_may_have_reached_the_disk_it_is_said(tmp_path: Path) -> None:
    run = two_rows(tmp_path / "run")
    with pytest.raises(UsageError) as refused, lock_run(run) as opened, counted(opened):
        raise sqlite3.OperationalError("disk I/O error")
    assert refused.value.message.endswith(f"2 finished cases kept in {run}, and perhaps the one that was being stored")


def test_what_the_system_refuses_says_how_many_cases_are_kept(tmp_path: Path) -> None:
    run = two_rows(tmp_path / "run")
    with pytest.raises(UsageError) as refused, lock_run(run) as opened, counted(opened):
        raise OSError(28, "No space left on device", str(run / "x.npy"))
    assert refused.value.message == f"{run / 'x.npy'}: No space left on device; 2 finished cases kept in {run}"


def test_a_defect_is_still_one(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock_run(tmp_path) as opened, counted(opened):
        raise ZeroDivisionError


def test_a_lock_that_is_a_folder_is_bad_input(tmp_path: Path) -> None:
    run = two_rows(tmp_path / "run")
    (run / LOCK_NAME).unlink()
    (run / LOCK_NAME).mkdir()
    with pytest.raises(UsageError, match=r"run\.lock is a folder, where a run has a file"), lock_run(run):
        pass


def test_what_is_kept_is_counted_in_a_folder_that_cant_be_written(tmp_path: Path) -> None:
    assert so_far(two_rows(tmp_path / "run")) == f"2 finished cases kept in {tmp_path / 'run'}"
    assert so_far(tmp_path / "nowhere") == "no case was finished"
