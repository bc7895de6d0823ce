"""The gRPC server: all services on one port."""

import concurrent.futures
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from axpair_proto.v1 import (
    blobs_pb2,
    blobs_pb2_grpc,
    commands_pb2,
    commands_pb2_grpc,
    diagnostics_pb2,
    diagnostics_pb2_grpc,
    handshake_pb2,
    handshake_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    runs_pb2,
    runs_pb2_grpc,
)
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from axpair_agent.admission import Admission
from axpair_agent.blobs import BlobStore
from axpair_agent.errors import OTHER_FOLDER, SettingsError
from axpair_agent.gate import Refusals, TokenGate
from axpair_agent.launch import Launcher
from axpair_agent.launch.local import LocalLauncher
from axpair_agent.places import Places
from axpair_agent.recent import RecentLines
from axpair_agent.services.blobs import Blobs
from axpair_agent.services.commands import Commands
from axpair_agent.services.diagnostics import Diagnostics
from axpair_agent.services.handshake import Handshake
from axpair_agent.services.models import Models
from axpair_agent.services.runs import Runs
from axpair_agent.settings import Settings
from axpair_agent.supervisor import Supervisor

THREADS = 256
"""More than all calls that wait or are served (`places.py`) and those that are just leaving."""

MAX_MESSAGE_BYTES = 4 << 20
"""Of a request of any kind: whatever is larger goes by digest. gRPC refuses more by its announced length."""

OTHER_FILES = 1024
"""Descriptors that connections leave to blobs and workers."""

OPTIONS: Sequence[tuple[str, int]] = (
    # A second agent on the same port must fail, not share it.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_concurrent_streams", 64),
    # A connection that greets nobody, or holds no call, goes; hosts connect again without noticing.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 120_000),
    # Windows stay small: what a refused call sends is held by the connection, in 64 KiB.
    ("grpc.http2.bdp_probe", 0),
    # A host that answers no ping is gone within 40 seconds, and its models with it. Hosts ping too, also in calls in
    # which nothing else is sent for minutes.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.ping_timeout_ms", 20_000),  # newer cores wait a minute for an answer unless this is said too
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.max_ping_strikes", 5),
)


@dataclass
class Agent:
    """A server that listens, and what must be ended with it."""

    server: grpc.Server
    supervisor: Supervisor
    port: int
    refusals: Refusals | None = None

    def close(self) -> None:
        """End workers, then calls."""
        self.supervisor.close()
        if self.refusals is not None:
            self.refusals.end()
        self.server.stop(grace=0.5).wait()


def start(settings: Settings, recent: RecentLines) -> Agent:
    """Listen and serve. Raises SettingsError where folder, port or certificate can't be had."""
    try:
        blobs = BlobStore(settings.blobs, settings.quota_bytes)
    except OSError as error:
        raise SettingsError(
            f"--blobs {settings.blobs}: {error.strerror}",
            next_step=f"free space there, mend its permissions, or {OTHER_FOLDER}",
        ) from error
    supervisor = Supervisor(_launcher(settings), blobs)
    gate = TokenGate(settings.token) if settings.token else None
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(THREADS, thread_name_prefix="call"),
        interceptors=[*([gate] if gate else []), Admission(Places())],
        options=[*OPTIONS, *_connection_limit()],
    )
    handshake_pb2_grpc.add_HandshakeServicer_to_server(Handshake(supervisor, settings.commands), server)
    blobs_pb2_grpc.add_BlobsServicer_to_server(Blobs(blobs), server)
    models_pb2_grpc.add_ModelsServicer_to_server(Models(supervisor, settings.run_joint), server)
    runs_pb2_grpc.add_RunsServicer_to_server(Runs(supervisor, blobs, settings.deadline_seconds), server)
    commands_pb2_grpc.add_CommandsServicer_to_server(Commands(supervisor.launcher, blobs, settings.commands), server)
    diagnostics_pb2_grpc.add_DiagnosticsServicer_to_server(Diagnostics(supervisor, blobs, recent), server)
    _add_standard_services(
        server,
        [
            file.services_by_name[name].full_name
            for file, name in (
                (handshake_pb2.DESCRIPTOR, "Handshake"),
                (blobs_pb2.DESCRIPTOR, "Blobs"),
                (models_pb2.DESCRIPTOR, "Models"),
                (runs_pb2.DESCRIPTOR, "Runs"),
                (commands_pb2.DESCRIPTOR, "Commands"),
                (diagnostics_pb2.DESCRIPTOR, "Diagnostics"),
            )
        ],
    )
    port = _bind(server, settings)
    server.start()
    return Agent(server, supervisor, port, gate.refusals if gate else None)


def _connection_limit() -> Sequence[tuple[str, int]]:
    """As many connections as there are descriptors to spare: fewer would only make it easier to keep others out.

    gRPC's cores before 2024 don't know it, and take as many as there are descriptors.
    """
    try:
        import resource
    except ImportError:
        return ()
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return ()
    return (("grpc.max_allowed_incoming_connections", max(files // 2, files - OTHER_FILES)),)


def _launcher(settings: Settings) -> Launcher:
    if settings.place is None:
        return LocalLauncher(settings.worker)
    try:
        from axpair_agent.launch.ssh import SshLauncher
    except ImportError as error:
        raise SettingsError(
            f"--worker ssh://{settings.place.host}: {error}",
            next_step="pip install 'axpair[host]', which brings paramiko",
        ) from error
    return SshLauncher(settings.worker, settings.place)


def _add_standard_services(server: grpc.Server, names: Sequence[str]) -> None:
    servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for name in ("", *names):
        servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)


def _bind(server: grpc.Server, settings: Settings) -> int:
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"{shown}:{settings.port}"
    try:
        if settings.tls is None:
            port = server.add_insecure_port(address)
        else:
            chain, key = settings.tls
            port = server.add_secure_port(address, grpc.ssl_server_credentials([(key, chain)]))
    except RuntimeError:
        # gRPC's newer releases raise, older ones return 0; neither says why.
        port = 0
    if not port:
        raise SettingsError(
            f"can't listen on {address}: the port is taken, or the address or the certificate can't be used",
            next_step="choose another --listen; port 0 takes any that is free",
        )
    return int(port)
