"""No orphans: however agent, host, worker, keeper or command end, nothing that they started is left after five seconds.

Every descendant is one that hides: deaf to signals, in a session of its own, forked twice, without environment,
stopped, or another process each moment. One count is one end; the longest wait of each is a figure.
"""

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from axpair_proto.v1 import (
    blobs_pb2,
    blobs_pb2_grpc,
    commands_pb2,
    commands_pb2_grpc,
    diagnostics_pb2,
    diagnostics_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    runs_pb2,
    runs_pb2_grpc,
)

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support import breeding
from benchmarks.hostile.support.descendants import MARK, PROMISED, Descendants, parent_of, wait_for

USUAL = 108
SHORT = 9
SECONDS = 60.0
SECRETS = {"AXPAIR_TOKEN": "secret-of-the-user", "AXPAIR_SSH_PASSWORD": "password-of-the-user"}
KEPT = "AXPAIR_HOSTILE_KEPT"
"""Stands for all that a program needs; must arrive."""

Way = Callable[[Setting, Tally, "Below"], None]


@dataclass
class Agent:
    """An agent under attack; `owned` ones have a stdin."""

    process: "subprocess.Popen[bytes]"
    channel: grpc.Channel
    metadata: Sequence[tuple[str, str]]

    def load(self) -> str:
        """Upload a model and load it; its handle."""
        data = b"any"
        digest = hashlib.sha256(data).hexdigest()
        start = blobs_pb2.UploadStart(sha256=digest, size_bytes=len(data))
        parts = [blobs_pb2.UploadRequest(start=start), blobs_pb2.UploadRequest(data=data)]
        blobs_pb2_grpc.BlobsStub(self.channel).Upload(iter(parts), metadata=self.metadata, timeout=SECONDS)
        stub = models_pb2_grpc.ModelsStub(self.channel)
        reply = stub.Load(models_pb2.LoadRequest(sha256=digest), metadata=self.metadata, timeout=SECONDS)
        return str(reply.model.handle)

    def worker(self) -> int:
        """Its one worker's process."""
        stub = diagnostics_pb2_grpc.DiagnosticsStub(self.channel)
        return int(stub.Collect(diagnostics_pb2.CollectRequest(), metadata=self.metadata).workers[0].pid)

    def run(self, handle: str) -> grpc.Call:
        """Begin a case that never ends."""
        tensor = {"data": b"x"}
        request = runs_pb2.RunRequest(handle=handle, case_id="a", inputs=[tensor], repeat=1)
        call: grpc.Call = runs_pb2_grpc.RunsStub(self.channel).Run(iter([request]), metadata=self.metadata)
        return call

    def command(self, arguments: Sequence[str], seconds: float) -> commands_pb2.RunCommandReply:
        """Run a program beside the workers."""
        request = commands_pb2.RunCommandRequest(arguments=arguments, deadline_ms=int(seconds * 1000))
        stub = commands_pb2_grpc.CommandsStub(self.channel)
        reply: commands_pb2.RunCommandReply = stub.Run(request, metadata=self.metadata, timeout=SECONDS)
        return reply


class Below(Descendants):
    """Everything below one agent, or one host; it starts them."""

    def __init__(self, setting: Setting, folder: Path) -> None:
        super().__init__(folder)
        self._setting = setting
        self._folder = folder
        self._log = folder / "agent.log"

    def variables(self) -> dict[str, str]:
        """Of whatever is started."""
        path = str(Path(breeding.__file__).parent)
        cache = str(self._folder / "cache")
        return {**os.environ, MARK: self.mark, "PYTHONPATH": path, "AXPAIR_CACHE": cache, KEPT: "kept", **SECRETS}

    @contextlib.contextmanager
    def agent(self, *, owned: bool = True, locked: bool = False) -> Iterator[Agent]:
        """An agent whose workers breed."""
        token = self._folder / "token"
        token.write_text("a-token-of-an-agent-under-attack")
        token.chmod(0o600)
        options = [f"--option=register={self.register}", *(["--option=locked=yes"] if locked else [])]
        process = subprocess.Popen(
            [
                *(self._setting.python, "-m", "axpair_agent", "serve", "--listen=127.0.0.1:0", "--allow-commands"),
                *(f"--blobs={self._folder / 'blobs'}", "--runtime=breeding:Breeding", *options),
                *(["--owned"] if owned else [f"--token-file={token}"]),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log.open("wb"),
            env=self.variables(),
        )
        try:
            port, token_text = self._reached(process, owned, token.read_text())
            metadata = [("authorization", f"Bearer {token_text}")]
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Agent(process, channel, metadata)
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                stream.close()

    def _start_stopped(tally: Tally, below: Below, number: int) -> None:
    what = f"worker stopped at its start, agent {signal.Signals(number).name}"
    with below.agent() as agent:
        threading.Thread(target=lambda: _suppressed(agent.load), daemon=True).start()
        os.kill(below.first("axpair_agent.worker"), signal.SIGSTOP)
        agent.process.send_signal(number)
        _ended_in_time(agent, tally, what)
        _gone(below, tally, what)


def _locked(tally: Tally, below: Below, number: int) -> None:
    what = f"constructor holds the lock, agent {signal.Signals(number).name}"
    with below.agent(locked=True) as agent:
        threading.Thread(target=lambda: _suppressed(agent.load), daemon=True).start()
        wait_for(below.register.with_name("locked"))
        agent.process.send_signal(number)
        _ended_in_time(agent, tally, what)
        _gone(below, tally, what)


def _program(setting: Setting, below: Below, then: str) -> list[str]:
    return [setting.python, breeding.__file__, str(below.register), then]


def _program_ended(tally: Tally, below: Below, reply: commands_pb2.RunCommandReply, agent: int) -> None:
    tally.check(reply.status == 0 and not reply.ended, f"command: status {reply.status}, ended {reply.ended!r}")
    _gone(below, tally, "command ended", besides={agent}, promised=0.5)
    if reply.output:
        _clean(tally, "command", json.loads(reply.output))


def _judging(setting: Setting, below: Below, spec: str, then: str) -> "subprocess.Popen[bytes]":
    program = (
        "import json, sys; import numpy as np; from axpair_host.postprocess import apply, load\n"
        "legs = {'board': {'x': np.zeros(1, np.float32)}}\n"
        "print(json.dumps(apply(load(sys.argv[1]), legs).decisions['board']))\n"
    )
    variables = {**below.variables(), "BREEDING_REGISTER": str(below.register), "BREEDING_THEN": then}
    return subprocess.Popen(
        [setting.python, "-c", program, spec],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables,
        cwd=below.register.parent,
    )


def _clean(tally: Tally, what: str, said: "dict[str, dict[str, str]]") -> None:
    variables = said["said"]
    leaked = sorted(name for name, secret in SECRETS.items() if secret in variables.values() or name in variables)
    tally.check(not leaked, f"{what}: it got {', '.join(leaked)}")
    lacking = [name for name in (KEPT, "PATH", MARK) if name not in variables]
    tally.check(not lacking, f"{what}: it lacks {', '.join(lacking)}")


def _ended_in_time(agent: Agent, tally: Tally, what: str) -> None:
    try:
        agent.process.wait(10)
    except subprocess.TimeoutExpired:
        tally.check(False, f"{what}: the agent didn't end within 10 s")
        agent.process.kill()
        agent.process.wait()


def _gone(below: Below, tally: Tally, what: str, besides: "set[int] | None" = None, promised: float = PROMISED) -> None:
    seconds, left = below.seconds_until_gone(besides or set())
    tally.highest("longest s", seconds)
    tally.count("left", len(left))
    tally.check(
        seconds <= promised, f"{what}: {len(left)} left after {seconds:.1f} s: {'; '.join(sorted(left.values()))[:200]}"
    )


def _suppressed(call: Callable[..., object], *arguments: object) -> None:
    with contextlib.suppress(grpc.RpcError, ValueError):
        call(*arguments)
