"""An agent of the attack's own: real gRPC, every call answered as it should be, except where a scenario says otherwise.

`python -m benchmarks.hostile.support.wrong_agent FILE SCENARIO` prints its port and serves until its stdin closes; FILE
holds the model's description as a right agent sends it.
"""

import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from axpair_proto import PROTOCOL_VERSION
from axpair_proto.reasons import METADATA_KEY, Reason
from axpair_proto.v1 import (
    blobs_pb2,
    blobs_pb2_grpc,
    diagnostics_pb2,
    diagnostics_pb2_grpc,
    handshake_pb2,
    handshake_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    runs_pb2,
    runs_pb2_grpc,
    tensors_pb2,
)

Context = grpc.ServicerContext
OTHER = {"probe": runs_pb2.RunReply.PROBE, "case": runs_pb2.RunReply.CASE}


@dataclass
class Agent:
    """What each call answers; a scenario replaces some of it."""

    description: tensors_pb2.ModelDescription
    hello: Callable[[Any, Context], Any] = field(init=False)
    missing: Callable[[Any, Context], Any] = field(init=False)
    upload: Callable[[Iterator[Any], Context], Any] = field(init=False)
    load: Callable[[Any, Context], Any] = field(init=False)
    run: Callable[[Iterator[Any], Context], Iterable[Any]] = field(init=False)
    unload: Callable[[Any, Context], Any] = field(init=False)
    collect: Callable[[Any, Context], Any] = field(init=False)
    calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hello = lambda request, context: self.greeting(request.protocol_version)
        self.missing = lambda request, context: blobs_pb2.FindMissingReply()
        self.upload = lambda parts, context: blobs_pb2.UploadReply(
            committed_bytes=sum(len(part.data) for part in parts), complete=True
        )
        self.load = lambda request, context: self.loaded(request.sha256)
        self.run = lambda requests, context: (reply for request in requests for reply in self.case(request))
        self.unload = lambda request, context: models_pb2.UnloadReply()
        self.collect = lambda request, context: diagnostics_pb2.CollectReply(uptime_ms=1)

    def greeting(self, protocol: int = PROTOCOL_VERSION) -> handshake_pb2.HelloReply:
        """A right one, of whatever protocol the host speaks."""
        return handshake_pb2.HelloReply(
            protocol_version=protocol,
            agent_version="0.1.0",
            instance="attack",
            runtime="emulator",
            capabilities=["poison", "probe"],
            worker="local",
        )

    def loaded(self, sha256: str = "", handle: str = "handle") -> models_pb2.LoadReply:
        """A right one."""
        model = models_pb2.LoadedModel(handle=handle, description=self.description, sha256=sha256)
        return models_pb2.LoadReply(model=model)

    def case(self, request: runs_pb2.RunRequest, generation: int = 1) -> Iterator[runs_pb2.RunReply]:
        """All rounds of a case."""
        if request.want_probe or request.before:
            yield self.round(request, 0, generation=generation)
        for number in range(1, max(1, request.repeat) + 1):
            yield self.round(request, number, generation=generation)

    def round(
        self, request: runs_pb2.RunRequest, number: int, *, attempt: int = 0, generation: int = 1
    ) -> runs_pb2.RunReply:
        """One round whose outputs are zeros."""
        return self.reply(request, number, attempt, outcome=self.outcome(request, generation=generation))

    def reply(self, request: runs_pb2.RunRequest, number: int, attempt: int = 0, **part: Any) -> runs_pb2.RunReply:
        """Of a round: chunk= or outcome=."""
        kind = runs_pb2.RunReply.CASE if number else runs_pb2.RunReply.PROBE
        return runs_pb2.RunReply(case_id=request.case_id, kind=kind, round=number, attempt=attempt, **part)

    def outcome(self, request: runs_pb2.RunRequest, *, generation: int = 1) -> runs_pb2.RunOutcome:
        """Zeros, with their digests."""
        return runs_pb2.RunOutcome(
            outputs=[self.output(index) for index in range(len(self.description.outputs))],
            delivered=[
                runs_pb2.DeliveredInput(
                    name=given.name, sha256=hashlib.sha256(given.inline).hexdigest(), size_bytes=len(given.inline)
                )
                for given in request.inputs
            ],
            worker_generation=generation,
        )

    def output(self, index: int) -> runs_pb2.RunOutput:
        """Zeros of the declared size."""
        tensor = self.description.outputs[index]
        data = bytes(tensor.size_bytes)
        return runs_pb2.RunOutput(
            name=tensor.name,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            data=data if len(data) <= 1 << 20 else b"",
            poisoned=True,
        )


def refuse(context: Context, reason: Reason, details: str = "as the attack wants it") -> Any:
    """End the call with a reason of the table."""
    context.set_trailing_metadata(((METADATA_KEY, reason.name),))
    context.abort(reason.status, details)


def silent(*_: Any) -> Any:
    """Never answer; gRPC itself goes on answering pings."""
    _NEVER.wait()


def serve(agent: Agent, credentials: grpc.ServerCredentials | None = None) -> tuple[grpc.Server, int]:
    """Listen on a free port of loopback."""
    server = grpc.server(
        futures.ThreadPoolExecutor(64),
        options=[
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", -1),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_ping_interval_without_data_ms", 1000),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 1000),
            ("grpc.http2.max_ping_strikes", 0),
        ],
    )
    handshake_pb2_grpc.add_HandshakeServicer_to_server(_servicer(agent, Hello="hello"), server)
    blobs_pb2_grpc.add_BlobsServicer_to_server(_servicer(agent, FindMissing="missing", Upload="upload"), server)
    models_pb2_grpc.add_ModelsServicer_to_server(_servicer(agent, Load="load", Unload="unload"), server)
    runs_pb2_grpc.add_RunsServicer_to_server(_servicer(agent, Run="run"), server)
    diagnostics_pb2_grpc.add_DiagnosticsServicer_to_server(_servicer(agent, Collect="collect"), server)
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    return server, port


def _servicer(agent: Agent, **methods: str) -> Any:
    def handler(name: str) -> Callable[[Any, Any], Any]:
        def answer(request: Any, context: Context) -> Any:
            agent.calls[name] = agent.calls.get(name, 0) + 1
            return getattr(agent, name)(request, context)

        return answer

    return type("Servicer", (), {method: staticmethod(handler(name)) for method, name in methods.items()})()


_NEVER = threading.Event()


def main(arguments: list[str]) -> None:
    """Serve one scenario; see the module."""
    from benchmarks.hostile.support.wrongs import SCENARIOS

    path, name = arguments
    description = tensors_pb2.ModelDescription.FromString(Path(path).read_bytes())
    port: Mapping[str, int] = {"port": SCENARIOS[name].start(Agent(description))}
    print(json.dumps(port), flush=True)
    sys.stdin.read()
    import os

    os._exit(0)  # threads that never answer would hold the interpreter


if __name__ == "__main__":
    main(sys.argv[1:])
