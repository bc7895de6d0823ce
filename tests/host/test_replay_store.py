"""The run's state: whole rows or none, read back as they were written, one writer at a time."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from axpair_host.errors import UsageError
from axpair_host.replay.pins import refuse_other
from axpair_host.replay.place import FILE_NAME
from axpair_host.replay.row import Row
from axpair_host.replay.store import Run, lock_run, open_run
from axpair_host.replay.summary import summarise


def document(verdict: str, code: str = "", cosine: float | None = 1.0) -> dict[str, Any]:
    findings = [{"code": code, "owner": "board"}] if code else []
    comparison = {"relation": "IDENTICAL", "cosine": cosine, "max_abs": 0.0}
    return {
        "schema_version": 1,
        "verdict": verdict,
        "owner": "board" if code else "none",
        "findings": findings,
        "outputs": [{"name": "scores/a", "joint_board": comparison, "onnx_joint": None}],
        "timings": {"board": 0.25},
    }


def row(id_: str, verdict: str = "PASS", code: str = "", cosine: float | None = 1.0) -> Row:
    kept = f"cases/{id_}" if verdict == "FAULT" else ""
    return Row.judged(id_, "00", kept, document(verdict, code, cosine))


def test_names_have_no_cosine_that_could_be_the_worst() -> None:
    values = {"relation": "SIMILAR", "cosine": 0.9, "agreement": 0.99, "named_by": "ArgMax"}
    outputs = [{"name": "seg", "onnx_joint": values, "onnx_lava": None, "lava_joint": None, "joint_board": None}]
    (metric,) = Row.judged("a", "00", "", {"verdict": "PASS", "owner": "none", "outputs": outputs}).metrics()
    assert (metric.cosine, metric.values["agreement"]) == (None, 0.99)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """As long as it lasts nothing can be written there, by root neither."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    try:
        subprocess.run(["mount", "--bind", folder, folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True, capture_output=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def stored_metrics(run: Run) -> list[tuple[str, str, float]]:
    with closing(sqlite3.connect(run.folder / FILE_NAME)) as connection:
        return connection.execute("SELECT id, legs, cosine FROM metrics ORDER BY id, position").fetchall()


def test_rows_come_back_as_they_were_ordered_by_id(tmp_path: Path) -> None:
    rows = [row("b.jpg", "FAULT", "AX302", 0.5), row("a.jpg"), Row.unusable("c.jpg", "11", "not an image", "")]
    with lock_run(tmp_path / "run") as run:
        for each in rows:
            run.add(each)
    with open_run(tmp_path / "run") as run:
        assert run.rows() == sorted(rows, key=lambda each: each.id)
        assert run.rows()[0].volatile == {"timings": {"board": 0.25}}
        assert stored_metrics(run) == [("a.jpg", "joint_board", 1.0), ("b.jpg", "joint_board", 0.5)]
        assert run.kept_folder(run.rows()[1]) == tmp_path / "run" / "cases" / "b.jpg"


def test_a_case_that_runs_again_replaces_its_row_and_metrics(tmp_path: Path) -> None:
    with lock_run(tmp_path) as run:
        run.add(row("a.jpg", "FAULT", "AX302", 0.5))
        run.add(row("a.jpg"))
        assert [each.verdict for each in run.rows()] == ["PASS"]
        assert stored_metrics(run) == [("a.jpg", "joint_board", 1.0)]


def test_a_second_replay_of_the_same_run_is_refused_while_the_first_goes_on(tmp_path: Path) -> None:
    with lock_run(tmp_path):
        with pytest.raises(UsageError, match="another replay is writing it"), lock_run(tmp_path):
            pass
        with open_run(tmp_path) as run:
            assert run.rows() == []
    with lock_run(tmp_path) as run:
        run.add(row("a.jpg"))


def test_what_was_committed_survives_kill_9_and_the_lock_does_not(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from axpair_host.replay.row import Row\n"
        "from axpair_host.replay.store import lock_run\n"
        "with lock_run(Path(sys.argv[1])) as run:\n"
        "    run.add(Row.unusable('a.jpg', '', 'text', ''))\n"
        "    run._connection.execute(\"INSERT INTO cases VALUES ('b.jpg','','','','','','{}','{}')\")\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    with lock_run(tmp_path) as run:
        assert [each.id for each in run.rows()] == ["a.jpg"]


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something other than a replay's run"), lock_run(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_damaged_state_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(UsageError, match="isn't a replay's state: file is not a database"), open_run(tmp_path):
        pass


def test_a_state_of_another_layout_is_refused(tmp_path: Path) -> None:
    with lock_run(tmp_path) as run:
        run._connection.execute("PRAGMA user_version = 7")
    with pytest.raises(UsageError, match="another release of axpair"), open_run(tmp_path):
        pass


def test_reading_a_folder_without_a_run_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no run\.sqlite"), open_run(tmp_path):
        pass


def test_a_run_that_cannot_be_written_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="can't be written"), lock_run(tmp_path / "file" / "run"):
        pass


def test_other_options_are_named_with_both_values() -> None:
    stored = {"joint": "a" * 64, "board": "emulator:", "atol": "0.1"}
    refuse_other(stored, dict(stored), "run")
    with pytest.raises(UsageError) as caught:
        refuse_other(stored, {"joint": "b" * 64, "board": "emulator:?fault=stale-output"}, "run")
    assert "the joint: sha256 aaaaaaaaaaaa there, sha256 bbbbbbbbbbbb now" in caught.value.message
    assert "the board: emulator: there, emulator:?fault=stale-output now" in caught.value.message
    assert "--atol: 0.1 there, none now" in caught.value.message


def test_the_case_list_alone_may_grow() -> None:
    stored = {"case_list": "a", "atol": "0.1"}
    refuse_other(stored, {**stored, "case_list": "b"}, "run")
    with pytest.raises(UsageError, match="--atol"):
        refuse_other(stored, {"case_list": "b", "atol": "0.2"}, "run")


def test_the_summary_counts_and_names_the_worst() -> None:
    rows = [
        row("a", cosine=0.99),
        row("b", "FAULT", "AX302", 0.2),
        row("c", "FAULT", "AX302", 0.3),
        row("d", "FAULT", "AX201", None),
        Row.unusable("e", "", "not an image", ""),
    ]
    summary = summarise(rows, earlier=2, left=1)
    assert summary.verdicts == {"PASS": 1, "FAULT": 3, "INCONCLUSIVE": 0, "BAD INPUT": 1}
    assert list(summary.codes.items()) == [("AX302", 2), ("AX201", 1)]
    (worst,) = summary.worst
    assert (worst.output, worst.legs, worst.cosine, worst.case) == ("scores/a", "joint_board", 0.2, "b")
    assert summary.row.worst[0].case == "b"


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["PASS"], 0),
        (["PASS", "INCONCLUSIVE", "FAULT", "BAD INPUT"], 1),
        (["BAD INPUT", "INCONCLUSIVE"], 3),
        (["PASS", "BAD INPUT"], 2),
    ],
)
def test_the_exit_code_is_the_most_telling(verdicts: list[str], code: int) -> None:
    rows = [
        Row.unusable(str(n), "", "", "") if verdict == "BAD INPUT" else row(str(n), verdict)
        for n, verdict in enumerate(verdicts)
    ]
    assert summarise(rows).exit_code() == code


def test_runs_of_releases_that_took_fewer_digests_go_on() -> None:
    for before in ("post:f", "cmd:python3 post.py {dir}", "cmd:python3 post.py {dir} (sha256 aaaaaaaaaaaa)"):
        now = before if "(sha256" in before else f"{before} (sha256 aaaaaaaaaaaa)"
        refuse_other({"postprocess": before}, {"postprocess": f"{now.removesuffix(')')}, bbbbbbbbbbbb)"}, "run")
    with pytest.raises(UsageError):
        refuse_other({"postprocess": "post:f (sha256 a)"}, {"postprocess": "post:f (sha256 ab)"}, "run")
    with pytest.raises(UsageError):
        refuse_other({"postprocess": "post:f"}, {"postprocess": "post:fg"}, "run")


def test_a_run_on_a_medium_that_takes_no_byte_is_read(tmp_path: Path) -> None:
    with lock_run(tmp_path / "run") as run:
        run.add(row("a.jpg"))
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()}
    with read_only(tmp_path / "run"), open_run(tmp_path / "run") as run:
        assert [each.id for each in run.rows()] == ["a.jpg"]
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()} == before
