"""`axpair replay` as a process: started, killed at a chosen row, and what it leaves."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from axpair_host.replay.place import FILE_NAME, is_run
from axpair_host.replay.store import open_run
from axpair_proto.simulator import Models
from command_line import axpair, command, environment

MARK = "REPLAY_TEST_MARK"
DEADLINE = 120.0


def flags(models: Models) -> list[str | Path]:
    """The model's options."""
    assert models.onnx is not None
    assert models.lava_joint is not None
    assert models.config is not None
    files = {
        "--joint": models.joint,
        "--onnx": models.onnx,
        "--lava-joint": models.lava_joint,
        "--config": models.config,
    }
    return [part for item in files.items() for part in item]


def replay(
    cases: Path, run: Path, models: Models, *more: str | Path, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run it to its end."""
    return axpair("replay", cases, "--run", run, *flags(models), *more, cwd=cwd)


class Going:
    """A replay that goes on, in a process group of its own; everything it starts carries a mark."""

    def __init__(self, cases: Path, run: Path, models: Models, *more: str | Path) -> None:
        self.run = run
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self.process = subprocess.Popen(
            command("replay", cases, "--run", run, *flags(models), *more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**{MARK: self.mark}),
        )
        self.said: list[str] = []

    def until_rows(self, count: int) -> None:
        """Wait until so many rows are stored: the line of a case is printed after its row."""
        assert self.process.stderr is not None
        while rows_in(self.run) < count:
            line = self.process.stderr.readline()
            assert line, f"ended with {rows_in(self.run)} rows: {''.join(self.said)}"
            self.said.append(line)

    def end(self, number: int) -> int:
        """Send a signal and wait for the end; returns the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; all that was said on stderr is in `said`."""
        _, rest = self.process.communicate(timeout=DEADLINE)
        self.said.append(rest)
        return self.process.returncode

    def others(self, words: str) -> list[int]:
        """Process ids with that in their command line, of those that the replay started."""
        return [pid for pid in self.alive() if words in _read(pid, "cmdline").replace("\0", " ")]

    def worker(self) -> int:
        """The process id of its one worker, which is the child of its keeper."""
        pids = self.others("axpair_agent.worker")
        (worker,) = (pid for pid in pids if int(_read(pid, "stat").rpartition(")")[2].split()[1]) in pids)
        return worker

    def alive(self) -> list[int]:
        """Every process that carries the mark and runs, this replay's own included."""
        wanted = f"{MARK}={self.mark}"
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [pid for pid in pids if wanted in _read(pid, "environ").split("\0")]

    def is_gone(self) -> bool:
        """Whether everything that it started ended, given a while to notice."""
        until = time.monotonic() + DEADLINE
        while self.alive():
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True


@contextmanager
def going(cases: Path, run: Path, models: Models, *more: str | Path) -> Iterator[Going]:
    """A replay that is ended at the latest with the block."""
    started = Going(cases, run, models, *more)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate()


def rows_in(folder: Path) -> int:
    """How many rows are stored now."""
    if not is_run(folder):
        return 0
    with open_run(folder) as run:
        return len(run.done())


def stable_rows(folder: Path) -> list[dict[str, Any]]:
    """All rows, ordered by id, without what depends on when, where and in which process."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        stored = connection.execute("SELECT * FROM metrics ORDER BY id, position").fetchall()
    with open_run(folder) as run:
        return [
            {
                "id": row.id,
                "source": row.source_sha256,
                "ended": (row.verdict, row.code, row.owner),
                "kept": row.kept,
                "document": row.document,
                "metrics": [fields[1:] for fields in stored if fields[0] == row.id],
            }
            for row in run.rows()
        ]


def endings(folder: Path) -> dict[str, tuple[str, str]]:
    """Case id to verdict and first code."""
    with open_run(folder) as run:
        return {row.id: (row.verdict, row.code) for row in run.rows()}


def killed_three_times(
    cases: Path, run: Path, models: Models, moments: tuple[int, int, int], *more: str | Path
) -> None:
    """Replay with kill -9 as soon as so many rows are stored, three times, then to its end."""
    for moment in moments:
        with going(cases, run, models, *more) as started:
            started.until_rows(moment)
            assert started.end(signal.SIGKILL) == -signal.SIGKILL
            assert started.is_gone(), started.alive()
    done = replay(cases, run, models, *more)
    assert done.returncode in (0, 1, 2), done.stderr


def _read(pid: int, name: str) -> str:
    try:
        return (Path("/proc") / str(pid) / name).read_text(errors="replace")
    except OSError:
        return ""
