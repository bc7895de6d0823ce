"""The other side of `held_runtime`: kills or stops workers at moments that they tell themselves."""

import json
import os
import random
import select
import signal
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

SECONDS = 60.0
IDLE, BETWEEN, RUN, LOAD, STOPPED = "idle", "between", "run", "load", "stopped"
KILLS = (IDLE, BETWEEN, RUN, LOAD)


@dataclass
class Held:
    """Workers of one agent, held at their steps; those of `wanted` moments are killed there."""

    agent: int
    wanted: list[str]
    """Moments still to come, in any order."""
    rng: random.Random
    fell: Counter[str] = field(default_factory=Counter)
    """How often a worker was killed or stopped at which moment."""
    problems: list[str] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _quiet: bool = True
    """A request was answered since the last kill: no case is hit twice."""
    _may_load: bool = False
    """One worker was killed, so that a fresh one will load."""

    def serve(self, listening: socket.socket) -> None:
        """Take workers until the socket is closed."""
        while True:
            try:
                worker, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._hold, args=(worker,), daemon=True).start()

    def _hold(self, worker: socket.socket) -> None:
        (pid, _, _) = struct.unpack("3i", worker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        with worker, worker.makefile("rw") as stream, suppress(OSError):
            for line in stream:
                self._step(json.loads(line), pid, stream)

    def _step(self, said: dict[str, str], pid: int, stream: object) -> None:
        """One step: it goes on, or the worker ends."""
        with self._lock:
            moment = self._moment(said)
            if moment in (RUN, LOAD):
                self._kill(pid, moment)
            elif moment == STOPPED:
                os.kill(pid, signal.SIGSTOP)
                self._count(moment)
            elif moment in (IDLE, BETWEEN):
                self._kill_behind(pid, moment, stream)
            else:
                if said["step"] == "run" and said["kind"] == "case" and said["last"]:
                    self._quiet = True
                _go_on(stream, "go")

    def _moment(self, said: dict[str, str]) -> str:
        """Which of the wanted moments this step is to be, or ""."""
        loads = self.wanted.count(LOAD)
        others = [one for one in self.wanted if one != LOAD]
        if said["step"] == "load":
            return LOAD if loads and self._may_load and (loads > len(others) or self.rng.random() < 0.5) else ""
        if said["step"] != "run" or not self._quiet or not others:
            return ""
        # One after the other: predecessors come first, and would take all.
        fits = {BETWEEN: said["kind"] == "before", IDLE: said["kind"] == "case" and bool(said["last"])}
        return others[0] if fits.get(others[0], said["kind"] == "case") else ""

    def _kill_behind(self, pid: int, moment: str, stream: object) -> None:
        """The agent is held while the worker goes on to its next step, or to its wait for a request, and ends there."""
        os.kill(self.agent, signal.SIGSTOP)
        try:
            _go_on(stream, "tell idle")
            line = stream.readline()  # type: ignore[attr-defined]
            if line:
                self._kill(pid, moment)
            else:
                self.problems.append(f"a worker ended by itself before the moment {moment!r}")
        finally:
            os.kill(self.agent, signal.SIGCONT)

    def _kill(self, pid: int, moment: str) -> None:
        descriptor = os.pidfd_open(pid)
        try:
            os.kill(pid, signal.SIGKILL)
            if not select.select([descriptor], [], [], SECONDS)[0]:
                self.problems.append(f"a worker killed at {moment!r} is still there after {SECONDS:g} s")
        finally:
            os.close(descriptor)
        self._count(moment)

    def _count(self, moment: str) -> None:
        self.wanted.remove(moment)
        self.fell[moment] += 1
        self._may_load = moment != LOAD
        self._quiet = False


@contextmanager
def held(agent: int, wanted: Sequence[str], rng: random.Random, listening: socket.socket) -> Iterator[Held]:
    """Hold the workers that connect to the socket, of the agent with that process id."""
    holding = Held(agent, list(wanted), rng)
    thread = threading.Thread(target=holding.serve, args=(listening,), daemon=True)
    thread.start()
    yield holding
    listening.shutdown(socket.SHUT_RDWR)
    thread.join(SECONDS)


def _go_on(stream: object, how: str) -> None:
    stream.write(f"{how}\n")  # type: ignore[attr-defined]
    stream.flush()  # type: ignore[attr-defined]
