"""Starting workers, here or on a board behind SSH: what both ways have in common."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from axpair_agent.worker.board import Board
from axpair_agent.worker.frames import Buffer


@dataclass(frozen=True)
class Exit:
    """How a process ended: `signal` names what killed it, else `code` is its exit status.

    `lost` says that only the connection to it broke; nothing is known of the process.
    """

    code: int = 0
    signal: str = ""
    lost: bool = False


@dataclass(frozen=True)
class SshPlace:
    """A board that is reached over SSH."""

    host: str
    user: str = ""
    port: int = 0
    """0 = as ssh's own configuration says, else 22."""
    python: str = "python3"
    known_hosts: str = ""
    identity: str = ""


@dataclass(frozen=True)
class WorkerSpec:
    """What every worker is started with."""

    runtime: str = ""
    """Entry point of `axpair.runtimes`, `module:Class`, or "" for the first that loads."""
    options: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """The worker's command line after its own name."""
        named = ["--runtime", self.runtime] if self.runtime else []
        return named + [f"--option={key}={value}" for key, value in self.options.items()]

    def with_runtime(self, runtime: str, options: "Mapping[str, str] | None" = None) -> "WorkerSpec":
        """The same with another runtime, and other options where some are given; "" changes nothing."""
        if not runtime:
            return self
        return dataclasses.replace(self, runtime=runtime, options=self.options if options is None else options)


class WorkerProcess(Protocol):
    """One running worker. `kill` may be called from any thread and makes the other calls return."""

    def write(self, pieces: Iterable[Buffer]) -> None:
        """Send all pieces. Raises OSError when the worker is gone."""
        ...

    def readinto(self, view: memoryview) -> int:
        """Fill the start of a view with what came on the frame stream; 0 at its end."""
        ...

    def read_log(self) -> bytes:
        """The next bytes that the worker printed; empty at the end."""
        ...

    def wait(self, seconds: float) -> Exit | None:
        """How it ended, or None while it still runs after that time. What it started ends with it."""
        ...

    def gone(self) -> bool:
        """Whether its frames have come to their end: it is gone, though how may become known a moment later."""
        ...

    def stopped(self) -> bool:
        """Whether it, or a process below it, is stopped (SIGSTOP, a debugger); False where that can't be known."""
        ...

    def kill(self) -> None:
        """End it and its children at once."""
        ...

    def release(self) -> None:
        """Give its descriptors back. Called once, after its end."""
        ...


class Launcher(Protocol):
    """One place where workers run."""

    where: str
    """"local" or "ssh://user@host:port"."""
    shares_files: bool
    """Whether workers can open the agent's files; else models travel in frames."""

    def start(self, runtime: str = "", options: Mapping[str, str] | None = None) -> WorkerProcess:
        """Start a worker, with another runtime and its options where one is named.

        Raises CallError: WORKER_START or HOST_KEY.
        """
        ...

    def board(self) -> Board:
        """What the node files there say. Raises CallError as `start` does."""
        ...

    def command(self, request: bytes, seconds: float) -> bytes:
        """Have `axpair_agent.worker.command` serve one request there; its answer. Raises CallError as `start` does."""
        ...

    def close(self) -> None:
        """End connections. Called once, after all workers ended."""
        ...
