"""Real agents as processes, and a small client that speaks `axpair.v1` to them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from axpair_proto.reasons import METADATA_KEY, TOKEN_KEY
from axpair_proto.v1 import (
    blobs_pb2,
    blobs_pb2_grpc,
    diagnostics_pb2_grpc,
    handshake_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    runs_pb2,
    runs_pb2_grpc,
)

TOY = "toy_runtime:ToyRuntime"
SECONDS = 120.0
CHUNK = 1 << 20


@dataclass
class Outcome:
    """One round, its outputs whole."""

    case_id: str
    kind: str
    round: int
    outcome: runs_pb2.RunOutcome
    outputs: list[bytes]
    chunks: int


@dataclass
class Client:
    """Stubs of all services over one channel, with the token in every call."""

    channel: grpc.Channel
    token: str = field(default="", repr=False)
    handles: list[str] = field(default_factory=list)
    """Of the models that were loaded through it."""

    def __post_init__(self) -> None:
        self.metadata = ((TOKEN_KEY, f"Bearer {self.token}"),) if self.token else ()
        self.handshake = handshake_pb2_grpc.HandshakeStub(self.channel)
        self.blobs = blobs_pb2_grpc.BlobsStub(self.channel)
        self.models = models_pb2_grpc.ModelsStub(self.channel)
        self.runs = runs_pb2_grpc.RunsStub(self.channel)
        self.diagnostics = diagnostics_pb2_grpc.DiagnosticsStub(self.channel)

    def upload(self, data: bytes, *, sha256: str = "", offset: int = 0) -> blobs_pb2.UploadReply:
        """Send bytes from `offset` on, under their own digest or another one."""
        digest = sha256 or sha256_of(data)

        def parts() -> Iterator[blobs_pb2.UploadRequest]:
            start = blobs_pb2.UploadStart(sha256=digest, size_bytes=len(data), offset_bytes=offset)
            yield blobs_pb2.UploadRequest(start=start)
            for at in range(offset, len(data), CHUNK):
                yield blobs_pb2.UploadRequest(data=data[at : at + CHUNK])

        return self.blobs.Upload(parts(), metadata=self.metadata, timeout=SECONDS)

    def missing(self, *digests: str) -> dict[str, int]:
        """Digest to the bytes already there, for those the agent lacks."""
        request = blobs_pb2.FindMissingRequest(sha256=digests)
        reply = self.blobs.FindMissing(request, metadata=self.metadata, timeout=SECONDS)
        return {blob.sha256: blob.committed_bytes for blob in reply.missing}

    def load(self, model: bytes, *, deadline_ms: int = 0) -> models_pb2.LoadReply:
        """Upload where it is missing, and load."""
        reply = self.loading(model, deadline_ms=deadline_ms).result()
        if reply.WhichOneof("outcome") == "model":
            self.handles.append(reply.model.handle)
        return reply

    def loading(self, model: bytes, *, deadline_ms: int = 0) -> grpc.Future[models_pb2.LoadReply]:
        """Upload where it is missing, and begin to load."""
        digest = sha256_of(model)
        if digest in self.missing(digest):
            self.upload(model)
        request = models_pb2.LoadRequest(sha256=digest, deadline_ms=deadline_ms)
        return self.models.Load.future(request, metadata=self.metadata, timeout=SECONDS)

    def unload(self, handle: str) -> None:
        """Let a model go."""
        self.models.Unload(models_pb2.UnloadRequest(handle=handle), metadata=self.metadata, timeout=SECONDS)

    def unload_all(self) -> None:
        """Let all models go that were loaded through this client."""
        while self.handles:
            self.unload(self.handles.pop())

    def run(self, *requests: runs_pb2.RunRequest) -> list[Outcome]:
        """Run cases through one stream, to its end."""
        return list(collected(self.runs.Run(iter(requests), metadata=self.metadata, timeout=SECONDS)))


def collected(replies: Iterable[runs_pb2.RunReply]) -> Iterator[Outcome]:
    """Rounds put together from their messages."""
    chunks: dict[int, bytearray] = {}
    count = 0
    for reply in replies:
        if reply.WhichOneof("part") == "chunk":
            data = chunks.setdefault(reply.chunk.output, bytearray())
            assert reply.chunk.offset_bytes == len(data)
            assert 0 < len(reply.chunk.data) <= CHUNK
            data += reply.chunk.data
            count += 1
            continue
        outputs = [bytes(chunks.get(index, out.data)) for index, out in enumerate(reply.outcome.outputs)]
        kind = runs_pb2.RunReply.Kind.Name(reply.kind)
        yield Outcome(reply.case_id, kind, reply.round, reply.outcome, outputs, count)
        chunks, count = {}, 0


@dataclass
class AgentProcess:
    """An agent that was started with --owned: it ends when `process.stdin` closes."""

    process: subprocess.Popen[str]
    port: int
    token: str
    log: Path

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """A client over a channel of its own."""
        with grpc.insecure_channel(
            f"127.0.0.1:{self.port}", options=[("grpc.max_receive_message_length", -1)]
        ) as channel:
            yield Client(channel, self.token)


def command(*arguments: str) -> list[str]:
    """An agent's command line."""
    return [sys.executable, "-m", "axpair_agent", "serve", *arguments]


def environment(**more: str) -> dict[str, str]:
    """The environment of an agent whose workers find the toy runtime."""
    tests = str(Path(__file__).parent)
    ours = {**os.environ, "PYTHONPATH": os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")]), **more}
    # It would keep libraries' output from being buffered, which is what has to be coped with.
    ours.pop("PYTHONUNBUFFERED", None)
    return ours


@contextlib.contextmanager
def started(
    folder: Path,
    *arguments: str,
    runtime: str = TOY,
    ends: bool = True,
    before: Sequence[str] = (),
    **variables: str,
) -> Iterator[AgentProcess]:
    """Run an owned agent on a free port; its stdin is closed at the end, and it must then end by itself.

    `before`: a program and its arguments that become the agent.
    """
    log = folder / "agent.log"
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [
                *before,
                *command("--owned", "--listen=127.0.0.1:0", f"--blobs={folder / 'blobs'}", f"--runtime={runtime}"),
                *arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment(**variables),
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, log.read_text()
        report = json.loads(line)
        yield AgentProcess(process, report["port"], report["token"], log)
        process.stdin.close()
        if ends:
            assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def gone(pid: int, seconds: float = 60.0) -> bool:
    """Whether a process, which need not be our child, ends within that time."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def sha256_of(data: bytes) -> str:
    """As the wire has it."""
    return hashlib.sha256(data).hexdigest()


def reason_of(error: grpc.RpcError) -> str:
    """The reason in a failed call's trailing metadata."""
    assert isinstance(error, grpc.Call)
    return str(dict(error.trailing_metadata() or ()).get(METADATA_KEY, ""))


def details_of(error: grpc.RpcError) -> str:
    """The sentence that a failed call ended with."""
    assert isinstance(error, grpc.Call)
    return str(error.details())
