"""One connection to one agent."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC's own log lines are no messages of ours

import grpc
from axpair_proto import PROTOCOL_VERSION, __version__
from axpair_proto.description import ModelDescription
from axpair_proto.reasons import TOKEN_KEY
from axpair_proto.v1 import (
    commands_pb2,
    commands_pb2_grpc,
    diagnostics_pb2,
    diagnostics_pb2_grpc,
    handshake_pb2,
    handshake_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
)

from axpair_host.boards.blobs import BlobStore
from axpair_host.boards.failures import failure_of
from axpair_host.boards.inlining import inlined
from axpair_host.boards.loaded import LoadedModel, LoadRefused
from axpair_host.boards.status import board_errors
from axpair_host.boards.url import GrpcAddress
from axpair_host.digests import file_sha256
from axpair_host.errors import BoardError, UsageError
from axpair_host.postprocess.commands import Printed
from axpair_host.progress import Progress, Silent

HELLO_SECONDS = 60.0
MAX_COMMAND_BYTES = 64 << 20
"""Of outputs for a command: what agents take."""
_CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", 256 << 20),
    ("grpc.max_send_message_length", 256 << 20),
    ("grpc.enable_http_proxy", 0),  # boards stand in the local network
)


@dataclass(frozen=True)
class AgentFacts:
    """What the agent said in the handshake; the fields are those of axpair.v1.HelloReply."""

    agent_version: str
    instance: str
    runtime: str
    versions: Mapping[str, str]
    capabilities: tuple[str, ...]
    worker: str


@contextmanager
def connect(address: GrpcAddress) -> Iterator[Board]:
    """Connect and shake hands. Raises BoardError when nothing answers or another protocol is spoken."""
    with _channel(address) as channel:
        yield Board(channel, address)


class Board:
    """An agent that answered the handshake. Its methods may be called from any thread."""

    def __init__(self, channel: grpc.Channel, address: GrpcAddress) -> None:
        self.url = address.url
        self._channel = channel
        self._metadata = ((TOKEN_KEY, f"Bearer {address.token}"),) if address.token else ()
        self.facts = self._hello()
        self._blobs = BlobStore(channel, self.url, self._metadata)
        self._models = models_pb2_grpc.ModelsStub(channel)

    def load(
        self,
        joint: Path,
        *,
        sha256: str = "",
        deadline_ms: int = 0,
        progress: Progress | None = None,
        runtime: str = "",
        options: Mapping[str, str] | None = None,
    ) -> LoadedModel | LoadRefused:
        """Upload a model where the agent lacks it, and load it into a worker of its own.

        `runtime` "run_joint" asks for the vendor's command instead of the agent's own runtime, `options` for its
        switches; an agent that knows nothing of that loads the model into its own runtime, as the versions show.
        That the runtime refuses it is an answer. Raises UsageError when the file can't be read, else BoardError.
        """
        progress = progress or Silent()
        sha256 = sha256 or file_sha256(joint)
        try:
            with joint.open("rb") as content:
                size = os.fstat(content.fileno()).st_size
                with progress.task(f"board: send {joint.name}", size, "B") as task:
                    sent_bytes = self._blobs.ensure(sha256, size, content, task.at)
        except OSError as error:
            raise UsageError(f"{joint}: can't be read: {error.strerror}") from error
        with progress.task(f"board: load {joint.name}"), board_errors(self.url, "loading the model"):
            request = models_pb2.LoadRequest(
                sha256=sha256, deadline_ms=deadline_ms, runtime=runtime, runtime_options=options or {}
            )
            reply = self._models.Load(request, metadata=self._metadata)
        log_lines = tuple(reply.log_lines)
        if reply.WhichOneof("outcome") != "model":
            return LoadRefused(failure_of(reply.failure), log_lines)
        return LoadedModel(
            channel=self._channel,
            metadata=self._metadata,
            url=self.url,
            handle=reply.model.handle,
            description=ModelDescription.from_message(reply.model.description),
            sha256=reply.model.sha256,
            load_us=reply.model.load_us,
            versions={"agent": self.facts.agent_version, **self.facts.versions, **reply.model.versions},
            log_lines=log_lines,
            sent_bytes=sent_bytes,
            blobs=self._blobs,
        )

    def check_commands(self) -> None:
        """Raise UsageError where the agent runs no commands of its users."""
        if "commands" not in self.facts.capabilities:
            raise UsageError(
                f"{self.url}: this agent runs no commands of its users, which is what board: asks for",
                next_step="start it with --allow-commands and a token, or use cmd: with a program of this machine",
            )

    def run_command(self, arguments: Sequence[str], files: Mapping[str, bytes], seconds: float) -> Printed:
        """Run a program beside the workers. Raises HostError where it is refused, BoardError when the agent is gone."""
        self.check_commands()
        size = sum(map(len, files.values()))
        if size > MAX_COMMAND_BYTES:
            raise UsageError(f"{self.url}: {size} bytes of outputs are too many for a command on the board")
        inside = inlined(files)
        request = commands_pb2.RunCommandRequest(
            arguments=arguments,
            files=[
                commands_pb2.CommandFile(name=name, data=data)
                if name in inside
                else commands_pb2.CommandFile(name=name, sha256=self._blobs.hold(data))
                for name, data in files.items()
            ],
            deadline_ms=int(seconds * 1000),
        )
        with board_errors(self.url, "running a command"):
            reply = commands_pb2_grpc.CommandsStub(self._channel).Run(request, metadata=self._metadata)
        return Printed(reply.status, reply.output, reply.errors, reply.ended)

    def diagnostics(self) -> diagnostics_pb2.CollectReply:
        """The agent's present state. Raises BoardError."""
        with board_errors(self.url, "collecting diagnostics"):
            stub = diagnostics_pb2_grpc.DiagnosticsStub(self._channel)
            return stub.Collect(diagnostics_pb2.CollectRequest(), metadata=self._metadata)

    def close(self) -> None:
        """End every call in progress; those raise BoardError."""
        self._channel.close()

    def _hello(self) -> AgentFacts:
        stub = handshake_pb2_grpc.HandshakeStub(self._channel)
        request = handshake_pb2.HelloRequest(protocol_version=PROTOCOL_VERSION, host_version=__version__)
        with board_errors(self.url, "shaking hands"):
            reply = stub.Hello(request, metadata=self._metadata, timeout=HELLO_SECONDS)
        if reply.protocol_version != PROTOCOL_VERSION:
            raise BoardError(
                f"{self.url}: the agent ({reply.agent_version}) speaks protocol {reply.protocol_version}, "
                f"this host ({__version__}) speaks {PROTOCOL_VERSION}",
                next_step="install the same axpair release on both sides",
            )
        return AgentFacts(
            agent_version=reply.agent_version,
            instance=reply.instance,
            runtime=reply.runtime,
            versions=dict(reply.versions),
            capabilities=tuple(reply.capabilities),
            worker=reply.worker,
        )


def _channel(address: GrpcAddress) -> grpc.Channel:
    if not address.tls:
        return grpc.insecure_channel(address.target, options=_CHANNEL_OPTIONS)
    try:
        roots = address.ca.read_bytes() if address.ca else None
    except OSError as error:
        raise UsageError(f"{address.ca}: the CA file of {address.url} can't be read: {error.strerror}") from error
    return grpc.secure_channel(address.target, grpc.ssl_channel_credentials(roots), options=_CHANNEL_OPTIONS)
