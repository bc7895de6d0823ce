"""An agent of the state under attack, listening on loopback with a token, and what can be seen of it from outside."""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from axpair_proto.reasons import TOKEN_KEY
from axpair_proto.v1 import (
    blobs_pb2,
    commands_pb2,
    diagnostics_pb2,
    handshake_pb2,
    models_pb2,
    runs_pb2,
)
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from benchmarks.hostile.attack import Setting

TOKEN = "the-token-of-these-attacks"
START_SECONDS = 60.0
END_SECONDS = 30.0
TOYS = Path(__file__).parents[3] / "tests"
TOY = "toy_runtime:ToyRuntime"

METHODS = tuple(
    f"/{service.full_name}/{method.name}"
    for file in (
        handshake_pb2,
        blobs_pb2,
        models_pb2,
        runs_pb2,
        commands_pb2,
        diagnostics_pb2,
        health_pb2,
        reflection_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
)
"""Paths of all that an agent serves."""


@dataclass
class Served:
    """A running agent; its log is a file."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path
    token: str = TOKEN

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """With the token."""
        return ((TOKEN_KEY, f"Bearer {self.token}"),)

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def channel(self) -> grpc.Channel:
        """A connection of its own."""
        options = [
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", -1),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 0),
        ]
        return grpc.insecure_channel(f"127.0.0.1:{self.port}", options=options)

    def most_memory(self) -> int:
        """The most bytes that it ever held."""
        status = (Path("/proc") / str(self.process.pid) / "status").read_text()
        found = re.search(r"VmHWM:\s*(\d+) kB", status)
        return int(found.group(1)) << 10 if found else 0


@contextlib.contextmanager
def served(
    setting: Setting, name: str, *options: str, runtime: str = "emulator", arguments: Sequence[str] | None = None
) -> Iterator[Served]:
    """Start an agent in a folder of that name, with a token unless `arguments` replace those for it; end it after."""
    folder = setting.folder / name
    folder.mkdir()
    secret = folder / "token"
    secret.touch(mode=0o600)
    secret.write_text(TOKEN)
    given = [f"--token-file={secret}"] if arguments is None else arguments
    command = [setting.python, "-m", "axpair_agent", "serve", "--listen=127.0.0.1:0", f"--runtime={runtime}"]
    log = folder / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*command, f"--blobs={folder / 'blobs'}", *given, *options],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.fspath, (TOYS, TOYS.parent)))},
        )
    try:
        yield Served(process, _port(process, log), log)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    give_up = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        found = re.search(r"listening on \S+:(\d+)", log.read_text(errors="replace"))
        if found:
            return int(found.group(1))
        time.sleep(0.05)
    raise RuntimeError(f"the agent doesn't listen: {log.read_text(errors='replace')}")
