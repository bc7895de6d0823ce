"""Workers as child processes of the agent."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import IO

from axpair_proto import starting
from axpair_proto.reasons import Reason
from axpair_proto.variables import without_secrets

from axpair_agent.errors import CallError
from axpair_agent.launch import Exit, WorkerSpec
from axpair_agent.launch.children import Children
from axpair_agent.launch.processes import states_below
from axpair_agent.worker.board import Board, read_board
from axpair_agent.worker.descriptors import write_all
from axpair_agent.worker.frames import Buffer

PIPE_BYTES = 1 << 20
"""Asked for where the system allows it, so that a case crosses a pipe in one go."""

GRACE = 30.0
"""Seconds beyond a command's own time that its keeper may take."""


class LocalLauncher:
    """Starts workers with the Python that runs the agent."""

    where = "local"
    shares_files = True

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        self._children = Children()
        # Without a module of the user's own there is no reason to import from the current folder.
        self._safe_path = ":" not in spec.runtime

    def start(self, runtime: str = "", options: Mapping[str, str] | None = None) -> "LocalProcess":
        """Start a worker, under its keeper as soon as it can. Raises CallError WORKER_START."""
        spec = self._spec.with_runtime(runtime, options)
        environment = without_secrets(os.environ)
        if self._safe_path:
            environment.setdefault("PYTHONSAFEPATH", "1")
        command = [sys.executable, "-m", "axpair_agent.worker", *spec.arguments()]
        try:
            process = self._children.start(command, environment, stderr=subprocess.PIPE, bufsize=0)
        except OSError as error:
            raise CallError(Reason.WORKER_START, f"no worker could be started: {error}") from error
        return LocalProcess(process, self._children)

    def board(self) -> Board:
        """This machine's node files."""
        return read_board()

    def command(self, request: bytes, seconds: float) -> bytes:
        """In a process of its own, which reads the request from its stdin."""
        command = [sys.executable, "-m", "axpair_agent.worker", "--command"]
        environment = {"PYTHONSAFEPATH": "1", **without_secrets(os.environ)}
        try:
            process = self._children.start(command, environment)
        except OSError as error:
            raise CallError(Reason.WORKER_START, f"no command could be run: {error}") from error
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(seconds + GRACE, starting.end, [process])
        late.daemon = True
        late.start()
        try:
            # Its stdin stays open: by its end the keeper knows that the agent is gone.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(request)
                process.stdin.flush()
            return bytes(process.stdout.read())
        finally:
            late.cancel()
            starting.end(process)
            self._children.ended(process)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.stdout.close()

    def close(self) -> None:
        """Nothing is held open between workers."""


class LocalProcess:
    """A child process and its three pipes."""

    def __init__(self, process: "subprocess.Popen[bytes]", children: Children) -> None:
        self._process = process
        self._children = children
        self._killed = False
        self._stdin, self._stdout, self._stderr = (
            _pipe(stream) for stream in (process.stdin, process.stdout, process.stderr)
        )

    def write(self, pieces: Iterable[Buffer]) -> None:
        """Send all pieces. Raises OSError when the worker is gone."""
        write_all(self._stdin.fileno(), pieces)

    def readinto(self, view: memoryview) -> int:
        """Fill the start of a view from the worker's frames; 0 at their end."""
        return os.readv(self._stdout.fileno(), [view]) if hasattr(os, "readv") else self._read_copy(view)

    def read_log(self) -> bytes:
        """The next bytes of its fd 2; empty at the end."""
        return os.read(self._stderr.fileno(), 1 << 16)

    def wait(self, seconds: float) -> Exit | None:
        """How it ended, or None while it still runs after that time. What it started ends with it."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            if not self._killed or seconds <= 0:
                return None
            # Its keeper doesn't do what it was told.
            self._process.kill()
            status = self._process.wait()
        self._children.ended(self._process)
        if status >= 0:
            return Exit(code=status)
        try:
            return Exit(signal=signal.Signals(-status).name)
        except ValueError:
            return Exit(signal=f"signal {-status}")

    def gone(self) -> bool:
        """Whether nobody writes frames any more; its keeper never held that end."""
        if not hasattr(select, "poll"):
            return self.wait(0) is not None
        poll = select.poll()
        poll.register(self._stdout.fileno(), select.POLLHUP)
        return any(event & select.POLLHUP for _, event in poll.poll(0))

    def stopped(self) -> bool:
        """Whether it, or a process below it, is stopped; False where there is no /proc."""
        return any(state in ("T", "t") for state in states_below(self._process.pid))

    def kill(self) -> None:
        """End it and its children at once."""
        self._killed = True
        starting.tell(self._process)

    def release(self) -> None:
        """Close the pipes."""
        for stream in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                stream.close()

    def _read_copy(self, view: memoryview) -> int:
        data = os.read(self._stdout.fileno(), len(view))
        view[: len(data)] = data
        return len(data)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return stream
