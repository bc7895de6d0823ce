"""Agents and workers end when they should, and start only where they may."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from agent_process import AgentProcess, Client, command, environment, gone, reason_of, started
from axpair_proto import PROTOCOL_VERSION
from axpair_proto.v1 import diagnostics_pb2, handshake_pb2
from hiding import all_gone, program, register
from toy_models import case, data, load, toy_model
from toy_runtime import HANG, HANG_IN_C, SEGFAULT

HELLO = handshake_pb2.HelloRequest(protocol_version=PROTOCOL_VERSION)


def worker_pids(client: Client) -> list[int]:
    reply = client.diagnostics.Collect(diagnostics_pb2.CollectRequest(), metadata=client.metadata)
    return [worker.pid for worker in reply.workers]


def refused(*arguments: str) -> str:
    """What an agent says that doesn't start; it must say it without a traceback."""
    ended = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=60, env=environment(), stdin=subprocess.DEVNULL
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    return ended.stderr


@contextlib.contextmanager
def busy(agent: AgentProcess, client: Client, misdeed: int, deadline_ms: int = 0) -> Iterator[list[int]]:
    """Workers' pids: one idle with a model, one in the middle of a case that never ends."""
    load(client, toy_model())
    request = case(load(client, toy_model()).handle, "running", data(misdeed), deadline_ms=deadline_ms)
    replies = client.runs.Run(iter([request]), metadata=client.metadata)
    pids = worker_pids(client)
    assert len(pids) == 2
    assert (agent.log.parent / "hanging").read_text() in {str(pid) for pid in pids}
    yield pids
    replies.cancel()


def hanging_agent(folder: Path) -> str:
    os.mkfifo(folder / "hanging")
    return f"--option=hanging={folder / 'hanging'}"


def test_an_owned_agent_ends_with_its_workers_when_its_owner_goes(tmp_path: Path) -> None:
    option = hanging_agent(tmp_path)
    with started(tmp_path, option) as agent, agent.client() as client, busy(agent, client, HANG) as pids:
        assert agent.process.stdin is not None
        agent.process.stdin.close()
        assert agent.process.wait(60) == 0
        assert all(gone(pid) for pid in pids)


@pytest.mark.parametrize("misdeed", [HANG, HANG_IN_C])
def test_a_killed_agent_leaves_no_worker(tmp_path: Path, misdeed: int) -> None:
    option = hanging_agent(tmp_path)
    with (
        started(tmp_path, option, ends=False) as agent,
        agent.client() as client,
        busy(agent, client, misdeed, deadline_ms=2000) as pids,
    ):
        agent.process.kill()
        assert all(gone(pid) for pid in pids)


def test_an_agent_that_is_told_to_end_does_so_cleanly(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        folder = tmp_path / number.name
        folder.mkdir()
        with started(folder, f"--option=closed={folder / 'closed'}", ends=False) as agent, agent.client() as client:
            load(client, toy_model())
            (pid,) = worker_pids(client)
            agent.process.send_signal(number)
            assert agent.process.wait(60) == 0
            assert gone(pid)
            assert (folder / "closed").read_text() == "closed"
            assert "Traceback" not in agent.log.read_text()


@pytest.mark.parametrize("option", ["--option=start=hang", "--option=chip=none"])
def test_an_agent_that_is_told_to_end_waits_for_no_worker_that_starts_or_loads(tmp_path: Path, option: str) -> None:
    with (
        started(tmp_path, hanging_agent(tmp_path), option) as agent,
        agent.client() as client,
    ):
        loading = client.loading(toy_model(mark="hangs"))
        pid = int((tmp_path / "hanging").read_text())
        agent.process.send_signal(signal.SIGTERM)
        assert agent.process.wait(60) == 0
        assert gone(pid)
        ended = loading.exception()
        assert isinstance(ended, grpc.RpcError)
        # The answer may be cut off by the end of the agent itself; of the worker it says nothing.
        assert reason_of(ended) in ("ENDING", "")
        assert ended.code() is grpc.StatusCode.UNAVAILABLE


def test_a_worker_that_never_lets_go_at_its_start_ends_with_its_agent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hanging")
    options = (f"--option=hanging={tmp_path / 'hanging'}", "--option=start=locked")
    for number in (signal.SIGKILL, signal.SIGTERM):
        with started(tmp_path, *options, ends=False) as agent, agent.client() as client:
            hello = client.handshake.Hello.future(HELLO, metadata=client.metadata)
            pid = int((tmp_path / "hanging").read_text())
            agent.process.send_signal(number)
            assert agent.process.wait(60) in (-signal.SIGKILL, 0)
            assert gone(pid)
            assert hello.exception() is not None


@pytest.mark.parametrize("whom", ["worker", "keeper", "agent"])
def test_whoever_is_killed_what_a_worker_started_goes(tmp_path: Path, whom: str) -> None:
    hiding = register(tmp_path)
    command = json.dumps([*program("pass"), str(hiding)])
    with started(tmp_path, f"--option=starts={command}", ends=False) as agent, agent.client() as client:
        load(client, toy_model())
        (worker,) = worker_pids(client)
        os.kill({"worker": worker, "keeper": parent(worker), "agent": agent.process.pid}[whom], signal.SIGKILL)
        assert gone(worker)
        if whom == "keeper":
            # The agent ends it where it next looks at its worker.
            client.unload_all()
        assert all_gone(hiding)


def test_a_crash_is_told_where_the_agent_s_starter_ignores_the_ends_of_children(tmp_path: Path) -> None:
    ignoring = ["/bin/sh", "-c", "trap '' CHLD; exec \"$@\"", "sh"]
    with started(tmp_path, before=ignoring) as agent, agent.client() as client:
        (failed,) = client.run(case(load(client, toy_model()).handle, "a", data(SEGFAULT)))
        assert failed.outcome.failure.signal == "SIGSEGV"


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_an_agent_of_ones_own_listens_without_token_on_loopback(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        command(f"--listen=127.0.0.1:{port}", f"--blobs={tmp_path}", "--runtime=toy_runtime:ToyRuntime"),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert f"listening on 127.0.0.1:{port}" in process.stderr.readline()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert Client(channel).handshake.Hello(HELLO).runtime == "toy"
    finally:
        process.terminate()
        process.communicate()
    assert process.returncode == 0


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with started(tmp_path) as agent:
        said = refused(f"--listen=127.0.0.1:{agent.port}", f"--blobs={tmp_path}")
    assert f"can't listen on 127.0.0.1:{agent.port}: the port is taken" in said


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", ":::0"])
def test_beyond_loopback_nothing_starts_without_tls_and_token(tmp_path: Path, address: str) -> None:
    said = refused(f"--listen={address}", f"--blobs={tmp_path}")
    assert "needs TLS and a token" in said
    token = tmp_path / "token"
    write_secret(token, "secret-of-the-laboratory")
    said = refused(f"--listen={address}", f"--blobs={tmp_path}", f"--token-file={token}")
    assert "lacking: --tls-cert and --tls-key" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--listen=nowhere"], "is no address"),
        (["--listen=127.0.0.1:99999"], "is no address"),
        (["--option=fault"], "is not of the form key=value"),
        (["--deadline-ms=0"], "must be greater than 0"),
        (["--deadline-ms=86400001"], "--deadline-ms 86400001 must be 86400000"),
        (["--token-file=/dev/zero"], "--token-file /dev/zero: is a pipe, socket or device"),
        (["--token-file=/"], "--token-file /"),
        (["--tls-cert=/dev/zero", "--tls-key=/dev/zero"], "--tls-cert /dev/zero: is a pipe, socket or device"),
        (["--tls-cert=cert.pem"], "come together"),
        (["--token-file=/nonexistent/token"], "No such file"),
        (["--worker=ssh://root:secret@board"], "a password in the address"),
        (["--worker=ssh://board?pyhton=python3"], "unknown option 'pyhton'"),
        (["--worker=telnet://board"], "neither 'local' nor an ssh address"),
        (["--blobs=/proc/nothing/here"], "--blobs /proc/nothing/here"),
    ],
)
def test_flags_that_can_not_be_followed_are_refused(arguments: list[str], said: str) -> None:
    message = refused(*arguments)
    assert said in message
    assert "secret" not in message


def test_a_tls_key_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    given = ("--listen=127.0.0.1:0", f"--blobs={tmp_path}", f"--tls-cert={certificate}", f"--tls-key={key}")
    key.chmod(0o604)
    message = refused(*given)
    assert f"--tls-key {key}: others than its owner can read or change it (mode 604)" in message
    assert f"chmod 600 {key}" in message
    key.chmod(0o640)  # as servers' groups have it
    with started(tmp_path, *given[2:]) as agent:
        assert agent.port


def test_tls_and_token_together_serve(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    token = tmp_path / "token"
    write_secret(token, "a-long-secret-of-the-lab\n")
    with started(tmp_path, f"--tls-cert={certificate}", f"--tls-key={key}", f"--token-file={token}") as agent:
        assert agent.token == "a-long-secret-of-the-lab"
        trusted = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(f"localhost:{agent.port}", trusted) as channel:
            client = Client(channel, agent.token)
            assert client.handshake.Hello(HELLO, metadata=client.metadata).runtime == "toy"
            with pytest.raises(grpc.RpcError) as caught:
                client.handshake.Hello(HELLO)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        with agent.client() as client, pytest.raises(grpc.RpcError) as caught:
            client.handshake.Hello(HELLO, metadata=client.metadata, timeout=10)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        with socket.create_connection(("127.0.0.1", agent.port), 60) as stranger:
            stranger.sendall(b"GET / HTTP/1.0\r\n\r\n")
            stranger.recv(1000)
        assert agent.log.read_text() == f"axpair-agent: listening on 127.0.0.1:{agent.port}\n"


def write_secret(path: Path, text: str) -> None:
    """For its owner's eyes alone."""
    path.touch(mode=0o600)
    path.write_text(text)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("short-of-sixteen", 0o600, ""),
        ("fifteen-letters", 0o600, "15 letters; it takes 16"),
        ("long enough, but\tnot\x07printable", 0o600, "printable ASCII"),
        ("passwort-für-alle-boards", 0o600, "printable ASCII"),
        ("long-enough-for-anybody", 0o640, "next: chmod 600 "),
        ("long-enough-for-anybody", 0o604, "mode 604"),
        ("long-enough-for-anybody", 0o400, ""),
    ],
)
def test_a_token_that_is_short_or_that_others_can_read_is_refused(
    tmp_path: Path, text: str, mode: int, said: str
) -> None:
    token = tmp_path / "token"
    write_secret(token, text)
    token.chmod(mode)
    if said:
        message = refused("--listen=127.0.0.1:0", f"--blobs={tmp_path}", f"--token-file={token}")
        assert said in message
        assert text not in message
    else:
        with started(tmp_path, f"--token-file={token}") as agent:
            assert agent.token == text


@pytest.mark.parametrize("flags", [["--token-file"], ["--tls-cert", "--tls-key"]])
def test_secrets_come_from_regular_files_of_their_size(tmp_path: Path, flags: list[str]) -> None:
    secret = tmp_path / "secret"
    os.mkfifo(secret)
    assert f"{flags[0]} {secret}: is a pipe, socket or device" in refused(*(f"{flag}={secret}" for flag in flags))
    secret.unlink()
    write_secret(secret, "x" * (4097 if flags == ["--token-file"] else (1 << 20) + 1))
    assert f"{flags[0]} {secret} is larger than" in refused(*(f"{flag}={secret}" for flag in flags))


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost and its key, made by openssl."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
            check=True,
            capture_output=True,
            timeout=60,
        )
    except FileNotFoundError:
        pytest.skip("no openssl on this machine")
    return certificate, key


def test_the_owners_report_is_one_line_of_json(tmp_path: Path) -> None:
    with started(tmp_path) as agent:
        agent.process.stdin.close()  # type: ignore[union-attr]
        assert agent.process.wait(60) == 0
        assert agent.process.stdout is not None
        assert agent.process.stdout.read() == ""
    assert len(agent.token) >= 32
    assert json.dumps(agent.token) == f'"{agent.token}"'


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--owned"]])
def test_a_closed_stdout_is_told(tmp_path: Path, arguments: list[str]) -> None:
    blobs = ["--blobs", str(tmp_path)] if "serve" in arguments else []
    agent = [sys.executable, "-m", "axpair_agent", *arguments, *blobs]
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *agent]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "axpair-agent: the output can't be written: stdout is closed\n" in done.stderr
    assert "Traceback" not in done.stderr
