"""Boards that die, boards over SSH, and hosts that are killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import agent_process
import pytest
import sshd
from command_line import axpair, axpair_here, command, environment, said_once
from pairs import Case, Paired, codes, digests, pair
from waiting_runtime import RUNTIME


@dataclass
class Waiting:
    """An agent whose worker stops in mid-case, and a host that pairs with it."""

    agent: agent_process.AgentProcess
    host: "subprocess.Popen[str]"
    worker: int
    out: Path


@contextmanager
def stopped_in_mid_case(case: Case, folder: Path) -> Iterator[Waiting]:
    """The worker is in its second run, the host waits for it."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    with agent_process.started(folder, f"--option=pipe={pipe}", runtime=RUNTIME, ends=False) as agent:
        board = f"127.0.0.1:{agent.port}"
        host = subprocess.Popen(
            command("pair", *case.flags, "--out", folder / "gt", "--board", board, "--json", "--patience", "3"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(AXPAIR_TOKEN=agent.token),
        )
        try:
            yield Waiting(agent, host, int(pipe.read_text()), folder / "gt")
        finally:
            host.kill()
            host.communicate()


def test_a_worker_that_crashes_in_mid_case_is_evidence(page: Case, tmp_path: Path) -> None:
    with stopped_in_mid_case(page, tmp_path) as waiting:
        os.kill(waiting.worker, signal.SIGSEGV)
        out, errors = waiting.host.communicate()
        assert waiting.host.returncode == 1, errors
    assert '"AX307"' in out
    assert "SIGSEGV" in out
    assert (waiting.out / "pair.json").is_file()


def test_a_worker_killed_in_mid_case_changes_nothing(page: Case, tmp_path: Path) -> None:
    with stopped_in_mid_case(page, tmp_path) as waiting:
        os.kill(waiting.worker, signal.SIGKILL)
        out, errors = waiting.host.communicate()
        assert waiting.host.returncode == 0, errors
    assert '"AX307"' not in out
    assert (waiting.out / "pair.json").is_file()


def test_an_agent_killed_in_mid_case_is_exit_3_and_nothing_half_written(page: Case, tmp_path: Path) -> None:
    with stopped_in_mid_case(page, tmp_path) as waiting:
        waiting.agent.process.send_signal(signal.SIGKILL)
        _, errors = waiting.host.communicate()
        assert agent_process.gone(waiting.worker)
    assert waiting.host.returncode == 3
    assert re.search(r"went away while running case 'upright', of which [01] rounds? had come back", errors)
    assert "Traceback" not in errors
    assert {path.name for path in tmp_path.iterdir()} <= {"agent.log", "blobs"}


def test_ctrl_c_in_mid_case_is_130_and_nothing_half_written(page: Case, tmp_path: Path) -> None:
    with stopped_in_mid_case(page, tmp_path) as waiting:
        waiting.host.send_signal(signal.SIGINT)
        _, errors = waiting.host.communicate()
    assert waiting.host.returncode == 130
    assert errors.endswith("axpair: interrupted\n")
    assert not waiting.out.exists()


def test_a_host_killed_in_mid_case_leaves_no_process_of_its_own(page: Case, tmp_path: Path) -> None:
    host = subprocess.Popen(
        command("pair", *page.flags, "--out", tmp_path / "gt", "--board", "emulator:?fault=hang"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert host.stderr is not None
    while not host.stderr.readline().startswith("board: load"):
        pass
    agents = children_of(host.pid)
    workers = [worker for agent in agents for worker in children_of(agent)]
    assert agents
    assert workers
    host.kill()
    host.communicate()
    assert all(agent_process.gone(pid) for pid in (*agents, *workers))


def children_of(pid: int) -> list[int]:
    """Child processes of every thread of a process."""
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def test_nobody_at_the_address_is_exit_3(page: Case, tmp_path: Path) -> None:
    done = axpair_here("pair", *page.flags, "--out", tmp_path / "gt", "--board", "127.0.0.1:1")
    assert "can't be reached" in said_once(done, 3)
    assert not (tmp_path / "gt").exists()


def test_emulated_results_arent_held_against_another_runtime(page: Case, tmp_path: Path) -> None:
    with agent_process.started(tmp_path) as agent:
        done = axpair(
            *("pair", *page.flags, "--out", tmp_path / "gt", "--board", f"127.0.0.1:{agent.port}"),
            AXPAIR_TOKEN=agent.token,
        )
        assert "runs models with 'toy'" in said_once(done, 2)
    assert not (tmp_path / "gt").exists()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as running:
        yield running


def test_a_board_over_ssh_gives_the_same_bytes(
    page: Case, paired_page: Paired, server: sshd.Sshd, tmp_path: Path
) -> None:
    url = server.url(python=sys.executable, runtime="emulator")
    done, document = pair(page, tmp_path / "far", "--board", url)
    assert (done.returncode, document["verdict"]) == (0, "PASS")
    assert digests(tmp_path / "far" / "board") == digests(paired_page.gt / "board")
    assert document["board"]["url"] == f"ssh://{server.user}@127.0.0.1:{server.port}"


def test_a_fault_at_the_far_end_is_found_there_too(page: Case, server: sshd.Sshd, tmp_path: Path) -> None:
    url = server.url(python=sys.executable, runtime="emulator", fault="stale-output")
    _, document = pair(page, tmp_path / "far", "--board", url)
    assert codes(document)[0] == "AX302"


def test_an_unknown_host_key_is_refused_with_the_command_that_accepts_it(
    page: Case, server: sshd.Sshd, tmp_path: Path
) -> None:
    (tmp_path / "known_hosts").touch()
    url = server.url(python=sys.executable, runtime="emulator", known_hosts=str(tmp_path / "known_hosts"))
    done = axpair_here("pair", *page.flags, "--out", tmp_path / "gt", "--board", url)
    message = said_once(done, 3)
    assert "host key" in message
    assert "ssh-keyscan" in message
    assert not (tmp_path / "gt").exists()
