"""Workers on a board over SSH, against a real sshd on loopback."""

import json
import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import toy_runtime
from agent_process import AgentProcess, Client, collected, details_of, gone, reason_of, sha256_of, started
from axpair_proto import PROTOCOL_VERSION
from axpair_proto.v1 import diagnostics_pb2, handshake_pb2
from axpair_proto.v1.failures_pb2 import RuntimeFailure
from hiding import program, register
from sshd import Sshd, generate_key, known_hosts_line, running
from toy_models import case, data, load, toy_model

HELLO = handshake_pb2.HelloRequest(protocol_version=PROTOCOL_VERSION)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A board: an sshd, and a far cache of its own."""
    with running(tmp_path_factory.mktemp("sshd")) as sshd:
        yield sshd


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A python of the board that finds the toy runtime; boards have such scripts for their library paths."""
    path = tmp_path_factory.mktemp("board") / "python with path"
    tests = Path(__file__).parent.parent
    path.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(tests))} exec {shlex.quote(sys.executable)} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def there(far: AgentProcess) -> Iterator[Client]:
    """A client of that agent; its models go with the test."""
    with far.client() as client:
        yield client
        client.unload_all()


@pytest.fixture(scope="module")
def far(board: Sshd, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    """An agent here whose workers run there."""
    folder = tmp_path_factory.mktemp("agent")
    with started(folder, f"--worker={board.url(python=str(python))}") as agent:
        yield agent


def refusal(folder: Path, url: str) -> grpc.RpcError:
    """How the handshake of an agent fails that can't reach its worker."""
    with (
        started(folder, f"--worker={url}") as agent,
        agent.client() as client,
        pytest.raises(grpc.RpcError) as caught,
    ):
        client.handshake.Hello(HELLO, metadata=client.metadata)
    return caught.value


def far_pids(client: Client) -> list[int]:
    reply = client.diagnostics.Collect(diagnostics_pb2.CollectRequest(), metadata=client.metadata)
    return [worker.pid for worker in reply.workers]


def test_the_handshake_says_where_the_worker_runs(there: Client, board: Sshd) -> None:
    reply = there.handshake.Hello(HELLO, metadata=there.metadata)
    assert reply.worker == f"ssh://{board.user}@127.0.0.1:{board.port}"
    assert reply.runtime == "toy"


def test_a_board_gives_the_same_bytes_as_a_local_worker(there: Client, client: Client) -> None:
    model, given = toy_model(outputs=(500, (2 << 20) + 3), size=2 << 20), data()
    cases = [(where, case(load(where, model).handle, "a", given, probe=True)) for where in (client, there)]
    here_done, there_done = (where.run(request) for where, request in cases)
    assert [one.kind for one in there_done] == ["PROBE", "CASE"]
    assert [one.outputs for one in there_done] == [one.outputs for one in here_done]
    assert [one.outcome.delivered for one in there_done] == [one.outcome.delivered for one in here_done]


def test_worker_and_model_travel_once_into_a_private_folder(
    there: Client, board: Sshd, python: Path, tmp_path: Path
) -> None:
    model = toy_model(mark="travels once")
    load(there, model)
    folder = board.cache / "axpair"
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("*.pyz")}
    stored = folder / "models" / sha256_of(model)
    inode = stored.stat().st_ino
    with started(tmp_path, f"--worker={board.url(python=str(python))}") as agent, agent.client() as client:
        load(client, model)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.pyz")} == kept
    assert len(kept) == 1
    assert stored.stat().st_ino == inode
    for path in (folder, folder / "models"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in [*kept, stored])


def test_a_damaged_model_on_the_board_is_sent_again(there: Client, board: Sshd) -> None:
    model = toy_model(mark="damaged there")
    load(there, model)
    stored = board.cache / "axpair" / "models" / sha256_of(model)
    stored.write_bytes(b"damaged")
    assert load(there, model).sha256 == sha256_of(model)
    assert stored.read_bytes() == model


def test_a_worker_on_the_board_that_is_killed_is_no_evidence(there: Client) -> None:
    handle = load(there, toy_model(mark="killed")).handle
    lost, after = there.run(case(handle, "a", data(toy_runtime.KILLED)), case(handle, "b", data()))
    assert (lost.outcome.failure.kind, lost.outcome.workers_lost) == (RuntimeFailure.LOST, 3)
    assert "at last: the worker was ended by SIGKILL" in lost.outcome.failure.message
    assert after.outputs == [toy_runtime.expected([data()], len(after.outputs[0]))]
    there.unload(handle)


@pytest.mark.parametrize(
    ("misdeed", "kind", "code", "signal_name"),
    [
        (toy_runtime.SEGFAULT, RuntimeFailure.CRASH, 0, "SIGSEGV"),
        (toy_runtime.EXIT, RuntimeFailure.EXIT, 42, ""),
        (toy_runtime.HANG, RuntimeFailure.HANG, 0, ""),
        (toy_runtime.GARBAGE, RuntimeFailure.GARBAGE, 0, ""),
        (toy_runtime.ERROR, RuntimeFailure.ERROR, 0x80061086, ""),
    ],
)
def test_a_failure_on_the_board_says_which_and_the_next_case_runs(
    there: Client, misdeed: int, kind: int, code: int, signal_name: str
) -> None:
    handle = load(there, toy_model()).handle
    (pid,) = far_pids(there)[-1:]
    failed, after = there.run(case(handle, "fails", data(misdeed), deadline_ms=1000), case(handle, "after", data()))
    there.unload(handle)
    failure = failed.outcome.failure
    assert (failure.kind, failure.code, failure.signal) == (kind, code, signal_name)
    assert gone(pid)
    assert after.outcome.worker_generation == 2
    assert not after.outcome.HasField("failure")


def test_a_connection_that_breaks_in_mid_case_is_no_fault_of_the_model(there: Client) -> None:
    handle = load(there, toy_model()).handle
    (pid,) = far_pids(there)[-1:]
    requests = iter([case(handle, "breaks", data(toy_runtime.LOSING_CONNECTION), deadline_ms=30_000)])
    with pytest.raises(grpc.RpcError) as caught:
        list(collected(there.runs.Run(requests, metadata=there.metadata)))
    assert reason_of(caught.value) == "WORKER_START"
    assert "connection to the worker broke" in details_of(caught.value)
    assert gone(pid)
    (done,) = there.run(case(handle, "after", data()))
    assert done.outcome.worker_generation == 2


def test_no_process_is_left_on_the_board_after_a_killed_agent(board: Sshd, python: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hanging")
    hiding = register(tmp_path)
    starts = json.dumps([*program("pass"), str(hiding)])
    options = (
        f"--worker={board.url(python=str(python))}",
        f"--option=hanging={tmp_path / 'hanging'}",
        f"--option=starts={starts}",
    )
    with started(tmp_path, *options, ends=False) as agent, agent.client() as client:
        idle, handle = load(client, toy_model()).handle, load(client, toy_model()).handle
        assert idle != handle
        replies = client.runs.Run(iter([case(handle, "hangs", data(toy_runtime.HANG))]), metadata=client.metadata)
        pids = far_pids(client)
        assert int((tmp_path / "hanging").read_text()) in pids
        agent.process.kill()
        assert len(pids) == 2
        assert all(gone(pid) for pid in pids)
        assert all(gone(int(line)) for line in hiding.read_text().split())
        replies.cancel()


def test_an_unknown_host_key_is_refused_with_the_command_that_accepts_it(
    board: Sshd, python: Path, tmp_path: Path
) -> None:
    known_hosts = tmp_path / "known hosts"
    url = board.url(python=str(python), known_hosts=str(known_hosts))
    error = refusal(tmp_path, url)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(error) == "HOST_KEY"
    assert fingerprint(board.host_key) in details_of(error)
    command = details_of(error).partition("then run: ")[2]
    assert command.startswith(f"ssh-keyscan -p {board.port} -t ")
    assert not known_hosts.exists()
    subprocess.run(["/bin/sh", "-c", command], check=True, timeout=60, capture_output=True)
    with started(tmp_path, f"--worker={url}") as agent, agent.client() as client:
        assert client.handshake.Hello(HELLO, metadata=client.metadata).runtime == "toy"


def test_a_changed_host_key_is_refused_with_both_fingerprints(board: Sshd, python: Path, tmp_path: Path) -> None:
    other = generate_key(tmp_path / "other")
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(known_hosts_line(board.port, other))
    error = refusal(tmp_path, board.url(python=str(python), known_hosts=str(known_hosts)))
    assert reason_of(error) == "HOST_KEY"
    assert "has changed" in details_of(error)
    assert fingerprint(board.host_key) in details_of(error)
    assert fingerprint(other) in details_of(error)
    command = details_of(error).partition("was, run: ")[2]
    subprocess.run(["/bin/sh", "-c", command], check=True, timeout=60, capture_output=True)
    assert known_hosts_line(board.port, board.host_key).split()[2] in known_hosts.read_text()


def test_a_key_that_the_board_does_not_know_is_said(board: Sshd, tmp_path: Path) -> None:
    error = refusal(tmp_path, board.url(identity=str(generate_key(tmp_path / "stranger"))))
    assert reason_of(error) == "WORKER_START"
    assert "refuses to log us in" in details_of(error)


def test_a_board_that_is_not_there_is_said(board: Sshd, tmp_path: Path) -> None:
    error = refusal(tmp_path, board.url().replace(f":{board.port}?", ":1?"))
    assert reason_of(error) == "WORKER_START"
    assert "127.0.0.1:1 can't be reached over SSH" in details_of(error)


@pytest.mark.parametrize(
    ("script", "said"),
    [(None, "not found"), ("echo this is no python; exit 3", "exit status 3"), ("exit 0", "exit status 0")],
)
def test_a_board_without_a_usable_python_is_said(board: Sshd, tmp_path: Path, script: str | None, said: str) -> None:
    python = tmp_path / "python"
    if script is not None:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    error = refusal(tmp_path, board.url(python=str(python)))
    assert reason_of(error) == "WORKER_START"
    assert said in details_of(error)
    assert "?python=PATH" in details_of(error)


def test_a_board_without_the_runtime_says_what_was_looked_for(board: Sshd, python: Path, tmp_path: Path) -> None:
    error = refusal(tmp_path, board.url(python=str(python), runtime="nosuch"))
    assert reason_of(error) == "WORKER_START"
    assert "looked for the runtime 'nosuch' among the entry points 'axpair.runtimes'" in details_of(error)


def fingerprint(key: Path) -> str:
    """As ssh-keygen shows it."""
    listed = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True)
    return listed.stdout.split()[1]
