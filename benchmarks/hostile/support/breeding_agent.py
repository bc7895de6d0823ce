"""An agent whose workers breed, and a client of it."""

import contextlib
import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
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

from benchmarks.hostile.attack import Setting
from benchmarks.hostile.support import breeding
from benchmarks.hostile.support.descendants import MARK, Descendants

SECONDS = 60.0
SECRETS = {"AXPAIR_TOKEN": "secret-of-the-user", "AXPAIR_SSH_PASSWORD": "password-of-the-user"}
KEPT = "AXPAIR_HOSTILE_KEPT"
"""Stands for all that a program needs; must arrive."""


@dataclass
class Agent:
    """An agent under attack; `owned` ones have a stdin."""

    process: "subprocess.Popen[bytes]"
    channel: grpc.Channel
    metadata: "tuple[tuple[str, str | bytes], ...]"

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
        given = runs_pb2.RunInput(name="x", inline=b"x")
        request = runs_pb2.RunRequest(handle=handle, case_id="a", inputs=[given], repeat=1)
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
        self.python = setting.python
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
                *(self.python, "-m", "axpair_agent", "serve", "--listen=127.0.0.1:0", "--allow-commands"),
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
            metadata: tuple[tuple[str, str | bytes], ...] = (("authorization", f"Bearer {token_text}"),)
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Agent(process, channel, metadata)
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                stream.close()

    def _reached(self, process: "subprocess.Popen[bytes]", owned: bool, token: str) -> tuple[int, str]:
        if owned:
            assert process.stdout is not None
            report = json.loads(process.stdout.readline())
            return int(report["port"]), str(report["token"])
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and process.poll() is None:
            if found := re.search(r"listening on 127.0.0.1:(\d+)", self._log.read_text()):
                return int(found[1]), token
            time.sleep(0.01)
        raise OSError(f"the agent didn't start: {self._log.read_text()}")
