"""Workers on a board that is reached over SSH: the worker travels there as one file, once."""

import contextlib
import json
import shlex
import threading
from collections.abc import Iterable, Mapping, Sequence

import paramiko
from axpair_proto.reasons import Reason

from axpair_agent.errors import CallError
from axpair_agent.launch import Exit, SshPlace, WorkerSpec
from axpair_agent.launch.archive import Archive, worker_archive
from axpair_agent.launch.connection import connect
from axpair_agent.launch.installing import PROGRAM
from axpair_agent.worker.board import Board
from axpair_agent.worker.frames import Buffer

COMMAND_SECONDS = 60.0
WINDOW_BYTES = 4 << 20

_SIGNALS = {
    6: "SIGABRT",
    4: "SIGILL",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
}
"""Linux's numbers: it is the board's system that counts, not ours."""


class SshLauncher:
    """Starts workers with the board's own Python, over one connection that is opened anew when it broke."""

    shares_files = False

    def __init__(self, spec: WorkerSpec, place: SshPlace) -> None:
        self._spec = spec
        self._place = place
        self._lock = threading.Lock()
        self._client: paramiko.SSHClient | None = None
        self._installed = ""
        user = f"{place.user}@" if place.user else ""
        self.where = f"ssh://{user}{place.host}:{place.port or 22}"

    def start(self, runtime: str = "", options: Mapping[str, str] | None = None) -> "SshProcess":
        """Start a worker there. Raises CallError WORKER_START or HOST_KEY."""
        client, path = self._ready()
        cache = f"{path.rpartition('/')[0]}/models"
        return SshProcess(
            client, self._command(path, "--cache", cache, *self._spec.with_runtime(runtime, options).arguments())
        )

    def board(self) -> Board:
        """The node files there. Raises CallError as `start` does."""
        client, path = self._ready()
        status, output, said = _run(client, self._command(path, "--board"))
        try:
            found = json.loads(output)
            return Board(dict(found["found"]), list(found["lacking"]))
        except (ValueError, KeyError, TypeError) as error:
            raise CallError(Reason.WORKER_START, f"the board's nodes can't be read ({status}): {said}") from error

    def command(self, request: bytes, seconds: float) -> bytes:
        """Over the same connection, with the same file as the worker."""
        client, path = self._ready()
        _, output, said = _run(
            client, self._command(path, "--command"), request, seconds + COMMAND_SECONDS, lifeline=True
        )
        if not output:
            raise CallError(Reason.WORKER_START, f"no command could be run on {self.where}: {said.strip()[-2000:]}")
        return output.encode()

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _ready(self) -> tuple[paramiko.SSHClient, str]:
        with self._lock:
            transport = self._client.get_transport() if self._client is not None else None
            if self._client is None or transport is None or not transport.is_active():
                self._client = connect(self._place)
                self._installed = ""
            if not self._installed:
                self._installed = self._install(self._client, worker_archive())
            return self._client, self._installed

    def _install(self, client: paramiko.SSHClient, archive: Archive) -> str:
        command = self._command("-c", PROGRAM, archive.sha256, str(len(archive.data)))
        status, output, said = _run(client, command, archive.data)
        answer = output.strip().splitlines()[-1:] or [""]
        if status == 0 and answer[0].startswith("have "):
            return answer[0].removeprefix("have ")
        raise CallError(
            Reason.WORKER_START,
            f"the worker can't be put on {self.where} with {self._place.python!r} (exit status {status}): "
            f"{said.strip()[-2000:] or output.strip()[-2000:]}",
            next_step="name a Python 3.9 or later of the board with ?python=PATH",
        )

    def _command(self, *arguments: str) -> Sequence[str]:
        return (self._place.python, *arguments)


class SshProcess:
    """A worker at the other end of a channel."""

    def __init__(self, client: paramiko.SSHClient, command: Sequence[str]) -> None:
        self._client = client
        # The shell stays: where the worker ends on a signal, it turns that into a status, which sshd passes on.
        self._channel = _open(client, f"{shlex.join(command)}; exit $?")

    def write(self, pieces: Iterable[Buffer]) -> None:
        """Send all pieces. Raises OSError when the worker is gone."""
        for piece in pieces:
            self._channel.sendall(bytes(piece))

    def readinto(self, view: memoryview) -> int:
        """Fill the start of a view from the worker's frames; 0 at their end."""
        data = self._channel.recv(min(len(view), WINDOW_BYTES))
        view[: len(data)] = data
        return len(data)

    def read_log(self) -> bytes:
        """The next bytes of its fd 2; empty at the end."""
        return self._channel.recv_stderr(1 << 16)

    def wait(self, seconds: float) -> Exit | None:
        """How it ended, or None while it still runs after that time."""
        if not self._channel.status_event.wait(seconds):
            return None
        status = self._channel.exit_status
        if status < 0:
            return Exit(lost=True)
        if status > 128:
            return Exit(signal=_SIGNALS.get(status - 128, f"signal {status - 128}"))
        return Exit(code=status)

    def gone(self) -> bool:
        """Whether the far side closed its end, or the connection broke."""
        return bool(self._channel.eof_received or self._channel.closed or self._channel.status_event.is_set())

    def stopped(self) -> bool:
        """Not known: what runs there isn't asked while it doesn't answer."""
        return False

    def kill(self) -> None:
        """Close its stdin, which ends it there with all its children."""
        self._channel.close()
        self._channel.status_event.set()

    def release(self) -> None:
        """Close the channel."""
        self._channel.close()


def _open(client: paramiko.SSHClient, command: str) -> paramiko.Channel:
    transport = client.get_transport()
    try:
        if transport is None:
            raise paramiko.SSHException("the connection is closed")
        channel = transport.open_session(window_size=WINDOW_BYTES, timeout=COMMAND_SECONDS)
        # Boards' login shells differ; this one they all have.
        channel.exec_command(f"exec /bin/sh -c {shlex.quote(command)}")
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise CallError(Reason.WORKER_START, f"no command can be started over SSH: {error}") from error
    return channel


def _run(
    client: paramiko.SSHClient,
    command: Sequence[str],
    data: bytes = b"",
    seconds: float = COMMAND_SECONDS,
    *,
    lifeline: bool = False,
) -> tuple[int, str, str]:
    channel = _open(client, shlex.join(command))
    channel.settimeout(seconds)
    try:
        with contextlib.suppress(OSError):
            channel.sendall(data)
        if not lifeline:
            channel.shutdown_write()
        output = channel.makefile("rb").read().decode("utf-8", "replace")
        said = channel.makefile_stderr("rb").read().decode("utf-8", "replace")
        return channel.recv_exit_status(), output, said
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise CallError(Reason.WORKER_START, f"the board did not answer over SSH: {error or 'timed out'}") from error
    finally:
        channel.close()
