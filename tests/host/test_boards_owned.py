"""An agent that the host started for itself ends with it, whatever happened to either."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from agent_process import gone
from command_line import CACHE, axpair, command, environment, said_once
from pairs import Case, case_of
from tiny import build_tiny, write_picture

from benchmarks.hostile.support.refusing import Refusing, is_possible

HOST = (
    "import sys\n"
    "from axpair_host.boards.owned import owned_agent\n"
    "from axpair_host.boards.url import EmulatorAddress\n"
    "with owned_agent(EmulatorAddress('emulator:')):\n"
    "    print('up', flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("tiny")
    return case_of(build_tiny(folder), write_picture(folder / "x.png"))


@pytest.mark.skipif(sys.platform != "linux", reason="a stopped agent is continued on Linux only")
@pytest.mark.parametrize("stopped", [False, True])
def test_an_agent_ends_with_its_host_also_where_it_was_stopped(stopped: bool) -> None:
    host = subprocess.Popen(
        [sys.executable, "-c", HOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    try:
        assert host.stdout is not None
        assert host.stdout.readline() == b"up\n"
        (agent,) = children(host.pid)
        if stopped:
            os.kill(agent, signal.SIGSTOP)
            while threads(agent) != {"T"}:  # the kernel counts it as stopped once its last thread is
                pass
        host.kill()
        assert gone(agent)
    finally:
        host.kill()
        host.communicate()


@pytest.mark.skipif(not is_possible(), reason="needs a C compiler and /proc")
def test_a_full_cache_is_named_with_what_to_free(tiny: Case, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    partial = cache / "blobs" / "partial"
    partial.mkdir(parents=True)
    full = Refusing.built(tmp_path / "refusing").variables(partial, at=1, error=errno.ENOSPC, lasting=True)
    done = axpair("pair", *tiny.flags, "--out", tmp_path / "gt", cwd=None, AXPAIR_CACHE=str(cache), **full)
    message = said_once(done, 3)
    assert f"the agent's disk is full ({cache / 'blobs'}" in message
    assert "No space left on device" in message
    assert "or name another folder: " in message
    assert "AXPAIR_CACHE" in message


@pytest.mark.parametrize("made", [True, False])
def test_a_cache_that_cant_be_made_is_named_with_what_to_do(tiny: Case, tmp_path: Path, made: bool) -> None:
    cache = tmp_path / "cache"
    if made:
        cache.mkdir()
    (cache / "blobs" if made else cache).touch()
    done = axpair("pair", *tiny.flags, "--out", tmp_path / "gt", AXPAIR_CACHE=str(cache))
    message = said_once(done, 2)
    assert f"--blobs {cache / 'blobs'}: " in message
    assert "AXPAIR_CACHE" in message


def test_a_home_that_cant_be_written_ends_nothing(tiny: Case, tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    (tmp_path / "tmp").mkdir()
    variables = environment(HOME=str(tmp_path / "home"), TMPDIR=str(tmp_path / "tmp"))
    variables = {name: value for name, value in variables.items() if name not in (CACHE, "XDG_CACHE_HOME")}
    pair = command("pair", *tiny.flags, "--out", tmp_path / "gt")
    done = subprocess.run(pair, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1
    assert f"{tmp_path / 'home'}/.cache/axpair can't be written" in notes[0]
    assert CACHE in notes[0]
    assert any((tmp_path / "tmp").glob("axpair-*/blobs/*"))


@pytest.mark.skipif(sys.platform != "linux", reason="a stopped agent is continued on Linux only")
@pytest.mark.parametrize("moment", ["started", "importing", "threads", "up"])
def test_an_agent_ends_where_it_was_stopped_and_its_host_killed_at_once(moment: str) -> None:
    """No pause between the two: the agent's threads haven't all come to a stop when the host ends."""
    for _ in range(3):
        host = subprocess.Popen(
            [sys.executable, "-c", HOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
        )
        try:
            assert host.stdout is not None
            while not (agents := [pid for pid in children(host.pid) if reached(pid, moment)]):
                assert host.poll() is None
            if moment == "up":
                assert host.stdout.readline() == b"up\n"
            os.kill(agents[0], signal.SIGSTOP)
            host.kill()
            ended = gone(agents[0], 20)
            if not ended:
                os.kill(agents[0], signal.SIGKILL)
            assert ended
        finally:
            host.kill()
            host.communicate()


def reached(agent: int, moment: str) -> bool:
    """Whether an agent runs its own program, and came so far in it."""
    try:
        if b"axpair_agent" not in Path(f"/proc/{agent}/cmdline").read_bytes():
            return False
        if moment == "importing":
            return "grpc" in Path(f"/proc/{agent}/maps").read_text()
        return moment != "threads" or len(list(Path(f"/proc/{agent}/task").iterdir())) > 1
    except OSError:
        return False


def children(pid: int) -> list[int]:
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [child for child in found if fields(child)[1:2] == [str(pid)]]


def threads(pid: int) -> set[str]:
    """The states of its threads."""
    return {fields(int(path.name))[0] for path in Path(f"/proc/{pid}/task").iterdir()}


def fields(pid: int) -> list[str]:
    """What the kernel says of a process behind its name: state, parent, ...; empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
