"""Replays that are killed, interrupted, or lose their agent or worker: nothing is lost, nothing is counted twice."""

import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from axpair_host.replay.store import open_run
from axpair_proto.simulator import Models
from replays import endings, going, killed_three_times, replay, rows_in, stable_rows
from tiny import build_tiny, write_picture

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")

SLOW = "emulator:?fault=slow&milliseconds=100"
"""Slow enough that the board is in a run whenever someone looks."""
STALE = ("--board", "emulator:?fault=stale-output")
AGENT = "axpair_agent serve"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A small model with two outputs."""
    return build_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten pictures, one of them broken."""
    folder = tmp_path_factory.mktemp("cases")
    for seed in range(10):
        write_picture(folder / f"{seed}.png", seed)
    (folder / "4.png").write_bytes(b"broken")
    return folder


def tensors(run: Path) -> dict[str, bytes]:
    """Path below the run to bytes, of all that was kept of the board's and the simulator's answers."""
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in (run / "cases").rglob("*.bin")}


def test_a_replay_killed_three_times_has_the_rows_of_one_that_was_not(
    cases: Path, tmp_path: Path, tiny: Models
) -> None:
    # On this board each answer is that of the run before: what ran before a case shows in its row.
    replay(cases, tmp_path / "whole", tiny, *STALE)
    killed_three_times(cases, tmp_path / "killed", tiny, (1, 4, 7), *STALE)
    assert list(endings(tmp_path / "whole").values()).count(("FAULT", "AX302")) == 9
    assert len(stable_rows(tmp_path / "whole")) == 10
    assert stable_rows(tmp_path / "killed") == stable_rows(tmp_path / "whole")
    names = {path.name for path in (tmp_path / "whole").rglob("*")}
    assert {path.name for path in (tmp_path / "killed").rglob("*")} == names
    assert tensors(tmp_path / "killed") == tensors(tmp_path / "whole")


def test_a_killed_agent_ends_the_replay_with_3_and_what_was_finished_stays(
    cases: Path, tmp_path: Path, tiny: Models
) -> None:
    run = tmp_path / "run"
    with going(cases, run, tiny, "--board", SLOW) as started:
        started.until_rows(2)
        (agent,) = started.others(AGENT)
        os.kill(agent, signal.SIGKILL)
        assert started.wait() == 3
        said = "".join(started.said)
        assert "Traceback" not in said
        assert "kept in" in said
        assert "call the same command again" in said
        assert started.is_gone(), started.alive()
    done = rows_in(run)
    assert 2 <= done < 10
    whole = {path.name for path in run.iterdir()}
    assert whole <= {".axpair", "run.sqlite", "run.sqlite-wal", "run.sqlite-shm", "run.lock", "cases"}
    replay(cases, run, tiny, "--board", SLOW)
    replay(cases, tmp_path / "whole", tiny, "--board", SLOW)
    assert stable_rows(run) == stable_rows(tmp_path / "whole")


def test_a_worker_killed_from_outside_changes_no_row_and_is_counted(cases: Path, tmp_path: Path, tiny: Models) -> None:
    run = tmp_path / "run"
    with going(cases, run, tiny, "--board", SLOW) as started:
        started.until_rows(2)
        os.kill(started.worker(), signal.SIGKILL)
        assert started.wait() == 2
    with open_run(run) as opened:
        assert opened.header()["workers_lost"] == "1"
    replay(cases, tmp_path / "whole", tiny, "--board", SLOW)
    assert stable_rows(run) == stable_rows(tmp_path / "whole")


def test_control_c_keeps_what_was_finished_and_says_how_to_go_on(cases: Path, tmp_path: Path, tiny: Models) -> None:
    run = tmp_path / "run"
    with going(cases, run, tiny, "--board", SLOW) as started:
        started.until_rows(2)
        assert started.end(signal.SIGINT) == 130
        said = "".join(started.said)
        assert "Traceback" not in said
        assert "call the same command again to go on" in said
        assert started.is_gone(), started.alive()
    assert 2 <= rows_in(run) < 10


def test_two_replays_of_one_run_do_not_meet(cases: Path, tmp_path: Path, tiny: Models) -> None:
    run = tmp_path / "run"
    with going(cases, run, tiny, "--board", SLOW) as started:
        started.until_rows(1)
        os.kill(started.process.pid, signal.SIGSTOP)  # else it may be done before the other has begun
        second = replay(cases, run, tiny, "--board", SLOW)
        os.kill(started.process.pid, signal.SIGCONT)
        assert second.returncode == 2
        assert "another replay is writing it" in second.stderr


def test_a_kept_folder_stays_until_the_row_that_names_it_is_gone(cases: Path, tmp_path: Path, tiny: Models) -> None:
    pictures, run = tmp_path / "cases", tmp_path / "run"
    pictures.mkdir()
    for name in ("0.png", "1.png"):
        shutil.copy(cases / name, pictures / name)
    assert replay(pictures, run, tiny, *STALE).returncode == 1
    (pictures / "1.png").write_bytes(b"broken")
    with closing(sqlite3.connect(run / "run.sqlite")) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON cases BEGIN SELECT RAISE(ABORT, 'no space'); END")
    replay(pictures, run, tiny, *STALE)
    assert [row["kept"] for row in stable_rows(run)] == ["cases/0.png", "cases/1.png"]
    assert (run / "cases" / "1.png" / "pair.json").is_file()
    with closing(sqlite3.connect(run / "run.sqlite")) as database:
        database.execute("DROP TRIGGER full")
    replay(pictures, run, tiny, *STALE)
    assert [row["kept"] for row in stable_rows(run)] == ["cases/0.png", ""]
    assert [path.name for path in (run / "cases").iterdir()] == ["0.png"]


def test_a_model_that_is_built_anew_meanwhile_ends_the_replay(cases: Path, tmp_path: Path, tiny: Models) -> None:
    own = shutil.copytree(tiny.joint.parent, tmp_path / "own")
    assert tiny.onnx is not None
    assert tiny.lava_joint is not None
    assert tiny.config is not None
    models = Models(*(own / path.name for path in (tiny.joint, tiny.onnx, tiny.lava_joint, tiny.config)))
    run = tmp_path / "run"
    with going(cases, run, models, "--board", SLOW) as started:
        started.until_rows(2)
        (own / "new").write_bytes(models.joint.read_bytes() + b"\0")
        (own / "new").replace(models.joint)
        assert started.wait() == 2
        assert "m.joint was changed while the replay ran: sha256" in "".join(started.said)
    assert 2 <= rows_in(run) < 10
    shutil.copy(tiny.joint, models.joint)
    with going(cases, run, models, "--board", SLOW) as started:
        started.until_rows(rows_in(run) + 1)
        (own / "m.onnx").rename(own / "elsewhere")
        assert started.wait() == 2
        assert "m.onnx was moved or removed while the replay ran" in "".join(started.said)
        assert "put it back" in "".join(started.said)
    (own / "elsewhere").rename(own / "m.onnx")
    replay(cases, run, models, "--board", SLOW)
    replay(cases, tmp_path / "whole", tiny, "--board", SLOW)
    assert stable_rows(run) == stable_rows(tmp_path / "whole")


def test_cases_that_change_meanwhile_stay_open_and_run_with_the_next_call(
    cases: Path, tmp_path: Path, tiny: Models
) -> None:
    own = shutil.copytree(cases, tmp_path / "cases")
    run = tmp_path / "run"
    with going(own, run, tiny, "--board", SLOW) as started:
        started.until_rows(2)
        own.rename(tmp_path / "away")  # as a share that drops out for a moment
        assert started.wait() == 3
        said = "".join(started.said)
        assert "stay open: " in said
        assert "its files changed, or couldn't be read, while the replay ran; " in said
        assert "call the same command again" in said
    assert 2 <= rows_in(run) < 10
    (tmp_path / "away").rename(own)
    replay(own, run, tiny, "--board", SLOW)
    replay(own, tmp_path / "whole", tiny, "--board", SLOW)
    assert stable_rows(run) == stable_rows(tmp_path / "whole")


def test_who_interrupts_again_is_not_made_to_wait_and_sees_no_traceback(
    cases: Path, tmp_path: Path, tiny: Models
) -> None:
    with going(cases, tmp_path / "run", tiny, "--board", SLOW) as started:
        started.until_rows(2)
        while started.process.poll() is None:
            os.kill(started.process.pid, signal.SIGINT)
        assert started.wait() == 130
        said = "".join(started.said)
        assert "Traceback" not in said
        assert "Exception ignored" not in said
    replay(cases, tmp_path / "run", tiny, "--board", SLOW)
    replay(cases, tmp_path / "whole", tiny, "--board", SLOW)
    assert stable_rows(tmp_path / "run") == stable_rows(tmp_path / "whole")


@pytest.mark.parametrize("how", ["run renamed", "state removed", "state replaced"])
def test_a_state_that_goes_while_the_replay_writes_it_ends_it(
    cases: Path, tmp_path: Path, tiny: Models, how: str
) -> None:
    run = tmp_path / "run"
    with going(cases, run, tiny, "--board", SLOW) as started:
        started.until_rows(2)
        if how == "run renamed":
            run.rename(tmp_path / "elsewhere")
        elif how == "state removed":
            for name in ("run.sqlite", "run.sqlite-wal", "run.sqlite-shm"):
                (run / name).unlink()
        else:
            shutil.copy(run / "run.sqlite", tmp_path / "other")
            (tmp_path / "other").replace(run / "run.sqlite")
        assert started.wait() == 2
        said = "".join(started.said)
        assert "was moved or removed while the replay wrote it" in said
        assert "Traceback" not in said


def test_a_case_that_becomes_a_pipe_meanwhile_stays_open_and_holds_nobody_up(
    cases: Path, tmp_path: Path, tiny: Models
) -> None:
    own = shutil.copytree(cases, tmp_path / "cases")
    with going(own, tmp_path / "run", tiny, "--board", SLOW) as started:
        started.until_rows(2)
        (own / "9.png").unlink()
        os.mkfifo(own / "9.png")
        assert started.wait() == 3
        assert "9.png: its files changed, or couldn't be read" in "".join(started.said)
    assert rows_in(tmp_path / "run") == 9
