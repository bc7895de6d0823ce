"""A keeper ends as its child does, notices its starter's end, and leaves nothing below it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from agent_process import gone
from axpair_proto import keeper, starting
from axpair_proto.variables import without_secrets
from hiding import all_gone, program, register

pytestmark = pytest.mark.skipif(not keeper.AVAILABLE, reason="keepers are Linux only")
WAIT = "import time; print('here', flush=True); time.sleep(600)"


@contextmanager
def kept(command: Sequence[str], before: Sequence[str] = ()) -> Iterator["subprocess.Popen[bytes]"]:
    """A program under a keeper; our end of its lifeline is its stdin."""
    report, reported = os.pipe()
    process = subprocess.Popen(
        [*before, sys.executable, "-I", "-S", keeper.__file__, str(reported), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[reported],
        **starting.group(),
    )
    os.close(reported)
    try:
        yield process
    finally:
        starting.end(process)
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()
        os.close(report)


def said(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("pass", 0),
        ("import sys; sys.exit(42)", 42),
        ("import os; os.kill(os.getpid(), 11)", -signal.SIGSEGV),
        ("import os; os.kill(os.getpid(), 6)", -signal.SIGABRT),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("import os; os.kill(os.getpid(), 15)", -signal.SIGTERM),
    ],
)
def test_it_ends_as_its_child_ended_and_leaves_nothing_behind(tmp_path: Path, line: str, status: int) -> None:
    hiding = register(tmp_path)
    with kept([*program(line), str(hiding)]) as process:
        assert process.wait(60) == status
        assert all_gone(hiding, 0)


def test_a_hang_up_ends_all(tmp_path: Path) -> None:
    hiding = register(tmp_path)
    with kept([*program(WAIT), str(hiding)]) as process:
        assert said(process) == "here"
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == -signal.SIGKILL
        assert all_gone(hiding, 0)


@pytest.mark.parametrize("stopped", [False, True])
def test_told_to_end_it_ends_all_also_where_it_was_stopped(tmp_path: Path, stopped: bool) -> None:
    hiding = register(tmp_path)
    with kept([*program(WAIT), str(hiding)]) as process:
        assert said(process) == "here"
        if stopped:
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        starting.end(process)
        assert all_gone(hiding, 0)


def test_a_killed_keeper_takes_its_child_along(tmp_path: Path) -> None:
    with kept([sys.executable, "-c", f"import os; print(os.getpid(), flush=True); {WAIT}"]) as process:
        child = int(said(process))
        process.kill()
        assert gone(child)


def test_a_child_that_was_stopped_ends_with_the_starter() -> None:
    stopped = "import os, signal; print(os.getpid(), flush=True); os.kill(os.getpid(), signal.SIGSTOP)"
    with kept([sys.executable, "-c", stopped]) as process:
        child = int(said(process))
        assert process.stdin is not None
        process.stdin.close()
        assert gone(child)


def test_its_child_has_nothing_to_read_usual_signals_and_the_environment() -> None:
    line = "import os, signal, sys; print(sys.stdin.read() == '', os.environ['HERE'], open('/proc/self/status').read())"
    os.environ["HERE"] = "it is"
    try:
        with kept([sys.executable, "-S", "-c", line]) as process:
            assert process.stdout is not None
            output = process.stdout.read()
    finally:
        del os.environ["HERE"]
    assert output.startswith(b"True it is")
    assert "SigBlk:\t0000000000000000" in output.decode()


def test_an_exit_state_is_not_lost_where_the_starter_ignores_the_signal_of_children() -> None:
    ignoring = ["/bin/sh", "-c", "trap '' CHLD; exec \"$@\"", "sh"]
    with kept([sys.executable, "-c", "raise SystemExit(5)"], before=ignoring) as process:
        assert process.wait(60) == 5


def test_our_secrets_are_taken_out_and_nothing_else() -> None:
    given = {
        "AXPAIR_TOKEN": "t",
        "AXPAIR_SSH_PASSWORD": "p",
        "AXPAIR_OTHER_SECRET": "s",
        "AXPAIR_FAULT": "none",
        "AXPAIR_CACHE": "/c",
        "PATH": "/bin",
        "GITHUB_TOKEN": "the user's own",
    }
    assert without_secrets(given) == {
        "AXPAIR_FAULT": "none",
        "AXPAIR_CACHE": "/c",
        "PATH": "/bin",
        "GITHUB_TOKEN": "the user's own",
    }
