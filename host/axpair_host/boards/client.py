"""One connection to one agent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from axpair_proto.regular import open_regular, read_regular

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC's own log lines are no messages of ours

import grpc
from axpair_proto import PROTOCOL_VERSION, __version__
from axpair_proto.reasons import TOKEN_KEY, Reason
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
from axpair_host.boards.connection import Connection, Patience
from axpair_host.boards.described import described, mapping, text, texts
from axpair_host.boards.failures import LOST, failure_of
from axpair_host.boards.inlining import inlined
from axpair_host.boards.limits import (
    BRIEF_SECONDS,
    HELLO_SECONDS,
    KEEPALIVE_SECONDS,
    MAX_COMMAND_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_NAME_BYTES,
    RECONNECT_SECONDS,
    command_seconds,
    load_seconds,
)
from axpair_host.boards.loaded import LoadedModel, Loading, LoadRefused
from axpair_host.boards.outputs import Nonsense, log_lines, makes_sense
from axpair_host.boards.url import GrpcAddress
from axpair_host.digests import file_sha256
from axpair_host.errors import AgentRefused, BoardError, UsageError, WorkerLost
from axpair_host.postprocess.commands import Printed
from axpair_host.progress import Progress, Silent

_CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_SECONDS * 1000),
    ("grpc.http2.ping_timeout_ms", KEEPALIVE_SECONDS * 1000),  # newer cores take a minute unless this is said too
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", RECONNECT_SECONDS * 1000),
    ("grpc.max_reconnect_backoff_ms", 5000),
    # Ours repeat what may be repeated, with a bound; the library's own go on at once against a peer that says GOAWAY to
    # every connection, and take 200 MiB of memory a second.
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),  # boards stand in the local network
)
_PATIENT = Patience()


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
def connect(address: GrpcAddress, patience: Patience = _PATIENT) -> Iterator[Board]:
    """Connect and shake hands. Raises BoardError when nothing answers or another protocol is spoken."""
    with _channel(address) as channel:
        yield Board(channel, address, patience)


class Board:
    """An agent that answered the handshake. Its methods may be called from any thread."""

    def __init__(self, channel: grpc.Channel, address: GrpcAddress, patience: Patience = _PATIENT) -> None:
        self.url = address.url
        metadata = ((TOKEN_KEY, f"Bearer {address.token}"),) if address.token else ()
        self.connection = Connection(channel, self.url, metadata, patience)
        self._models = models_pb2_grpc.ModelsStub(channel)
        self._blobs = BlobStore(self.connection)
        # An address at which nobody answers is most likely wrong: said at once.
        self.facts = self._hello(again=False)

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
        request = models_pb2.LoadRequest(
            sha256=sha256, deadline_ms=deadline_ms, runtime=runtime, runtime_options=options or {}
        )
        loading = self._load(joint, request, progress)
        if isinstance(loading, LoadRefused):
            return loading
        return LoadedModel(self.connection, self._blobs, loading, partial(self._load_again, joint, request))

    def _load(
        self, joint: Path, request: models_pb2.LoadRequest, progress: Progress, *, starting: bool = False
    ) -> Loading | LoadRefused:
        sent_bytes = self._send(joint, request, progress)
        try:
            reply = self._load_call(request, joint, progress, starting=starting)
        except AgentRefused as error:
            if error.reason not in (Reason.DIGEST_MISMATCH, Reason.BLOB):
                raise
            # Its copy went, or was found damaged and dropped, after it said that it has one: it gets another.
            sent_bytes += self._send(joint, request, progress)
            reply = self._load_call(request, joint, progress, starting=starting)
        self.connection.lost.add(reply.workers_lost)
        with makes_sense(self.url, "loading the model"):
            return self._loading(reply, sent_bytes)

    def _send(self, joint: Path, request: models_pb2.LoadRequest, progress: Progress) -> int:
        try:
            size = joint.stat().st_size
            with progress.task(f"board: send {joint.name}", size, "B") as task:
                return self._blobs.ensure(request.sha256, size, lambda: open_regular(joint), task.at)
        except OSError as error:
            raise UsageError(f"{joint}: can't be read: {error.strerror}") from error

    def _load_call(
        self, request: models_pb2.LoadRequest, joint: Path, progress: Progress, *, starting: bool
    ) -> models_pb2.LoadReply:
        with progress.task(f"board: load {joint.name}"):
            return self.connection.call(
                self._models.Load,
                request,
                doing="loading the model",
                seconds=load_seconds(request.deadline_ms),
                starting=starting,
            )

    def _loading(self, reply: models_pb2.LoadReply, sent_bytes: int) -> Loading | LoadRefused:
        lines = log_lines(reply.log_lines, len(reply.log_lines))
        outcome = reply.WhichOneof("outcome")
        if outcome == "failure":
            failure = failure_of(reply.failure)
            if failure.kind == LOST:
                raise WorkerLost(
                    f"{self.url}: the model wasn't loaded: {failure.message}",
                    next_step="see to the board's memory and to who ends its processes, and call again",
                )
            return LoadRefused(failure, lines)
        if outcome is None:
            raise Nonsense("neither a model nor a failure")
        model = reply.model
        return Loading(
            handle=text("the handle", model.handle),
            description=described(model.description),
            sha256=text("the model's digest", model.sha256),
            load_us=model.load_us,
            versions={
                "agent": self.facts.agent_version,
                **self.facts.versions,
                **mapping("the versions", model.versions),
            },
            log_lines=lines,
            sent_bytes=sent_bytes,
        )

    def _load_again(self, joint: Path, request: models_pb2.LoadRequest, let_go: Callable[[], None]) -> Loading:
        """Into whatever agent is there now; `let_go` is called first, as that may hold the model still.

        Raises BoardError, also where it is another kind of agent.
        """
        facts = self._hello(again=True)
        if facts.runtime != self.facts.runtime:
            raise BoardError(
                f"{self.url}: the agent runs models with {facts.runtime!r} now, it was {self.facts.runtime!r}"
            )
        let_go()
        loading = self._load(joint, request, Silent(), starting=True)
        if isinstance(loading, LoadRefused):
            raise BoardError(f"{self.url}: the model wasn't loaded again: {loading.failure.message}")
        return loading

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
        given = [
            commands_pb2.CommandFile(name=name, data=data)
            if name in inside
            else commands_pb2.CommandFile(name=name, sha256=self._blobs.hold(data))
            for name, data in files.items()
        ]
        reply = self.connection.call(
            commands_pb2_grpc.CommandsStub(self.connection.channel).Run,
            commands_pb2.RunCommandRequest(arguments=arguments, files=given, deadline_ms=int(seconds * 1000)),
            doing="running a command",
            seconds=command_seconds(seconds),
            again=False,  # it may have done what it does once only
        )
        return Printed(reply.status, reply.output, reply.errors, reply.ended)

    def diagnostics(self) -> diagnostics_pb2.CollectReply:
        """The agent's present state. Raises BoardError."""
        return self.connection.call(
            diagnostics_pb2_grpc.DiagnosticsStub(self.connection.channel).Collect,
            diagnostics_pb2.CollectRequest(),
            doing="collecting diagnostics",
            seconds=BRIEF_SECONDS,
        )

    def close(self) -> None:
        """End every call in progress; those raise BoardError."""
        self.connection.close()

    def _hello(self, *, again: bool) -> AgentFacts:
        reply = self.connection.call(
            handshake_pb2_grpc.HandshakeStub(self.connection.channel).Hello,
            handshake_pb2.HelloRequest(protocol_version=PROTOCOL_VERSION, host_version=__version__),
            doing="shaking hands",
            seconds=HELLO_SECONDS,
            again=again,
            starting=again,
        )
        with makes_sense(self.url, "shaking hands"):
            version = text("the agent's version", reply.agent_version, MAX_NAME_BYTES)
            if reply.protocol_version != PROTOCOL_VERSION:
                raise BoardError(
                    f"{self.url}: the agent ({version}) speaks protocol {reply.protocol_version}, "
                    f"this host ({__version__}) speaks {PROTOCOL_VERSION}",
                    next_step="install the same axpair release on both sides",
                )
            return AgentFacts(
                agent_version=version,
                instance=text("the instance", reply.instance),
                runtime=text("the runtime", reply.runtime),
                versions=mapping("the versions", reply.versions),
                capabilities=texts("the capabilities", reply.capabilities),
                worker=text("the worker", reply.worker),
            )


_MAX_CA_BYTES = 1 << 20


def _channel(address: GrpcAddress) -> grpc.Channel:
    if not address.tls:
        return grpc.insecure_channel(address.target, options=_CHANNEL_OPTIONS)
    try:
        roots = read_regular(address.ca, _MAX_CA_BYTES) if address.ca else None
    except OSError as error:
        raise UsageError(f"{address.ca}: the CA file of {address.url} can't be read: {error.strerror}") from error
    return grpc.secure_channel(address.target, grpc.ssl_channel_credentials(roots), options=_CHANNEL_OPTIONS)
