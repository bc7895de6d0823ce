"""A user's program on the board: only with permission, without a shell, in bounds, over SSH as well."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from agent_process import SECONDS, Client, command, details_of, environment, gone, reason_of, sha256_of, started
from axpair_proto import PROTOCOL_VERSION
from axpair_proto.v1 import commands_pb2, commands_pb2_grpc, handshake_pb2
from sshd import running

LISTING = "import os, sys\nprint(sorted(os.listdir(sys.argv[1])), open(sys.argv[1] + '/a.bin').read(), sys.argv[2])"
HELLO = handshake_pb2.HelloRequest(protocol_version=PROTOCOL_VERSION)


def run(client: Client, *arguments: str, ms: int = 30_000, name: str = "a.bin") -> commands_pb2.RunCommandReply:
    """Run a program of this Python with one file beside it."""
    files = [commands_pb2.CommandFile(name=name, data=b"hello")]
    request = commands_pb2.RunCommandRequest(arguments=arguments, files=files, deadline_ms=ms)
    reply: commands_pb2.RunCommandReply = commands_pb2_grpc.CommandsStub(client.channel).Run(
        request, metadata=client.metadata, timeout=SECONDS
    )
    return reply


@pytest.fixture(scope="module", params=["local", "ssh"])
def allowing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of an agent that runs commands: here, and behind a real sshd."""
    folder = tmp_path_factory.mktemp("agent")
    if request.param == "local":
        with started(folder, "--allow-commands") as agent, agent.client() as client:
            yield client
        return
    with running(tmp_path_factory.mktemp("sshd")) as sshd:
        url = sshd.url(python=sys.executable)
        with started(folder, "--allow-commands", f"--worker={url}") as agent, agent.client() as client:
            yield client


def test_a_program_gets_its_files_in_a_folder_that_is_gone_afterwards(allowing: Client) -> None:
    reply = run(allowing, sys.executable, "-c", LISTING + "\nprint(sys.argv[1])", "{dir}", "$HOME; echo")
    assert (reply.status, reply.ended) == (0, "")
    first, folder = reply.output.decode().splitlines()
    assert first == "['a.bin'] hello $HOME; echo"
    assert not Path(folder).exists()


def test_its_folder_is_its_own_and_its_last_words_take_no_disk(allowing: Client) -> None:
    program = (
        "import os, shutil, stat, sys; shutil.rmtree(sys.argv[1]); os.symlink('/', sys.argv[1]); "
        "sys.stderr.write('x' * (1 << 20) + sys.argv[1]); print(stat.S_ISFIFO(os.fstat(2).st_mode))"
    )
    reply = run(allowing, sys.executable, "-c", program, "{dir}")
    assert (reply.status, reply.ended, reply.output) == (0, "", b"True\n")
    assert not os.path.lexists(reply.errors.decode().lstrip("x"))


def test_a_deadline_beyond_ten_minutes_is_refused(allowing: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        run(allowing, "true", ms=600_001)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "a command may take 600000" in details_of(caught.value)


def test_a_large_file_goes_by_digest(allowing: Client) -> None:
    large = bytes(range(256)) * (5 << 12)
    allowing.upload(large)
    program = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1] + '/b.bin', 'rb').read()).hexdigest())"
    request = commands_pb2.RunCommandRequest(
        arguments=(sys.executable, "-c", program, "{dir}"),
        files=[commands_pb2.CommandFile(name="b.bin", sha256=sha256_of(large))],
    )
    stub = commands_pb2_grpc.CommandsStub(allowing.channel)
    assert stub.Run(request, metadata=allowing.metadata, timeout=SECONDS).output.decode().strip() == sha256_of(large)
    request.files[0].sha256 = sha256_of(b"never sent")
    with pytest.raises(grpc.RpcError) as refused:
        stub.Run(request, metadata=allowing.metadata, timeout=SECONDS)
    assert reason_of(refused.value) == "BLOB"
    request.files[0].data = bytes((1 << 20) + 1)
    with pytest.raises(grpc.RpcError) as refused:
        stub.Run(request, metadata=allowing.metadata, timeout=SECONDS)
    assert reason_of(refused.value) == "COMMAND"


def test_exit_status_and_last_words_come_back(allowing: Client) -> None:
    reply = run(allowing, sys.executable, "-c", "import sys; sys.exit('no such class')", "{dir}")
    assert (reply.status, reply.errors) == (1, b"no such class\n")


def test_a_program_out_of_bounds_is_ended_with_all_that_it_started(allowing: Client, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    child = f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    program = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"while not (os.path.exists({str(told)!r}) and open({str(told)!r}).read()): time.sleep(0.01)\n"
    )
    late = run(allowing, sys.executable, "-c", program + "time.sleep(600)", "{dir}", ms=8_000)
    assert late.ended == "timeout"
    assert gone(int(told.read_text()))
    loud = run(allowing, sys.executable, "-c", "while True: print('x' * 4096)", "{dir}")
    assert (loud.ended, len(loud.output)) == ("output", 1 << 20)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((), "a.bin"), (("/nowhere/post",), "a.bin"), ((sys.executable,), "../a"), ((sys.executable,), "a" * 1000)],
)
def test_what_can_t_be_run_is_refused(allowing: Client, arguments: tuple[str, ...], name: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        run(allowing, *arguments, name=name)
    assert reason_of(refused.value) == "COMMAND"


def test_an_agent_runs_nothing_unless_it_was_told_that_it_may(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    with started(tmp_path) as agent, agent.client() as client:
        assert "commands" not in client.handshake.Hello(HELLO, metadata=client.metadata, timeout=SECONDS).capabilities
        with pytest.raises(grpc.RpcError) as refused:
            run(client, sys.executable, "-c", f"open({str(witness)!r}, 'w')")
        assert reason_of(refused.value) == "COMMANDS"
        assert "--allow-commands" in details_of(refused.value)
    assert not witness.exists()


def test_the_permission_wants_a_token_on_loopback_too(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--listen=127.0.0.1:0", f"--blobs={tmp_path}", "--allow-commands"),
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        cwd=os.fspath(tmp_path),
    )
    assert done.returncode == 2
    assert "wants a token" in done.stderr


def test_nobody_runs_anything_without_the_token(tmp_path: Path) -> None:
    with started(tmp_path, "--allow-commands") as agent, grpc.insecure_channel(f"127.0.0.1:{agent.port}") as channel:
        told = Client(channel, agent.token)
        assert "commands" in told.handshake.Hello(HELLO, metadata=told.metadata, timeout=SECONDS).capabilities
        with pytest.raises(grpc.RpcError) as refused:
            run(Client(channel, "wrong"), sys.executable, "-c", "pass")
        assert reason_of(refused.value) == "TOKEN"
