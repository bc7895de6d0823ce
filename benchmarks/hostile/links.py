"""Replays whose link drops packets or is cut, and whose agent is stopped or ends: the same rows in the end."""

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support.certificates import write_certificate
from benchmarks.hostile.support.network import Network, network, why_not
from benchmarks.hostile.support.small_case import SmallCase, small_case

USUAL = 8
SHORT = 2
PICTURES = 8
SLOW = "fault=stale-output,slow", "milliseconds=60"
"""Each answer is that of the run before: what ran before a case shows in its row."""
NOTICED = 45.0
"""Within so many seconds a dead link, or a stopped agent, is noticed."""
SHORT_PATIENCE = 20.0
_MARGIN = 60.0
_TOKEN = "token-of-the-attack-on-links"


def attack(setting: Setting, tally: Tally) -> None:
    """Disturb `count` replays, each in its own way, and hold their rows against an undisturbed one's."""
    bench = _Bench(setting, tally)
    problem = why_not()
    if problem:
        tally.figures["no network namespaces"] = problem.splitlines()[-1]
    trials = [trial for trial in _TRIALS[: setting.count] if not (problem and trial.needs_network)]
    threads = [threading.Thread(target=bench.carry_out, args=(trial, number)) for number, trial in enumerate(trials)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclass
class _Agent:
    """An agent on a port of its own that can be ended and started again."""

    setting: Setting
    folder: Path
    network: Network | None
    port: int = 0
    process: "subprocess.Popen[str] | None" = None

    @property
    def host(self) -> str:
        return self.network.agent_ip if self.network else "127.0.0.1"

    @property
    def url(self) -> str:
        return f"grpcs://{self.host}:{self.port}?ca={self.folder / 'lab.pem'}"

    def start(self) -> None:
        """On the port that it had before, if any."""
        prefix = self.network.within(self.network.agent) if self.network else ()
        files = {"--tls-cert": "lab.pem", "--tls-key": "lab.key", "--token-file": "lab.token"}
        options = [f"{flag}={self.folder / name}" for flag, name in files.items()]
        self.process = subprocess.Popen(
            [
                *(*prefix, self.setting.python, "-m", "axpair_agent", "serve", "--owned"),
                *(f"--listen={self.host}:{self.port}", f"--blobs={self.folder / 'blobs'}", "--runtime=emulator"),
                *(*(f"--option={option}" for option in SLOW), *options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = json.loads(self.process.stdout.readline())["port"]

    def send(self, number: int) -> None:
        """Send it a signal: `ip netns exec` becomes the agent itself."""
        assert self.process is not None
        self.process.send_signal(number)

    def end(self) -> None:
        """Let it end, whatever state it is in."""
        assert self.process is not None
        with contextlib.suppress(OSError):
            self.send(signal.SIGCONT)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """Kill it and start it again, as a supervisor of services does."""
        self.send(signal.SIGKILL)
        self.end()
        self.start()


@dataclass
class _Replay:
    """A replay that goes on, inside a namespace or not."""

    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)

    def until_rows(self, count: int) -> None:
        """Wait until so many rows are stored."""
        assert self.process.stderr is not None
        while not any(line.startswith(f"[{count}/") for line in self.said):
            line = self.process.stderr.readline()
            if not line:
                return
            self.said.append(line)

    def end(self, seconds: float) -> int | None:
        """Wait for the end; None where it had to be ended."""
        try:
            output, errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, errors = self.process.communicate()
            self.said += [output, errors]
            return None
        self.said += [output, errors]
        return self.process.returncode


@dataclass(frozen=True)
class _Trial:
    """One disturbance: what is done once two rows are stored, and how the replay must end."""

    name: str
    disturb: Callable[[_Agent], None]
    goes_on: bool
    """Whether the replay comes to its end; else it ends with 3, within its patience and what noticing takes."""
    mend: Callable[[_Agent], None] = lambda agent: None
    """Before the same command is called again."""
    patience: float = 120.0
    needs_network: bool = True
    percent: float = 0.0
    """Of packets lost, from the beginning."""


class _Bench:
    """The model, the rows of an undisturbed replay, and the tally."""

    def __init__(self, setting: Setting, tally: Tally) -> None:
        self._setting = setting
        self._tally = tally
        self._lock = threading.Lock()
        self._case: SmallCase = small_case(setting.folder / "case", PICTURES)
        self._patient = "--patience" in setting.done("pair", "--help").output
        with self._agent(setting.folder / "whole", None) as agent:
            replay = self._replay(agent, agent.folder / "run", 120.0)
            code = replay.end(120.0)
            assert code == 1, "".join(replay.said)
            self._wanted = _rows(agent.folder / "run")

    def carry_out(self, trial: _Trial, number: int) -> None:
        """Disturb one replay."""
        wrong: list[str] = []
        started = time.monotonic()
        wires = network(number) if trial.needs_network else contextlib.nullcontext()
        with wires as wire, self._agent(self._setting.folder / f"trial{number}", wire) as agent:
            if wire is not None and trial.percent:
                wire.drop(trial.percent)
            run = agent.folder / "run"
            wrong += self._disturbed(trial, agent, run)
            if _rows(run) != self._wanted:
                wrong.append("other rows than those of an undisturbed replay")
            with self._lock:
                self._tally.check(not wrong, f"{trial.name}: {'; '.join(wrong)}")
                self._tally.highest("longest s", time.monotonic() - started)
                if wire is not None and trial.percent:
                    lost, came = wire.dropped()
                    self._tally.count("packets", came)
                    self._tally.count("dropped", lost)

    def _disturbed(self, trial: _Trial, agent: _Agent, run: Path) -> Iterator[str]:
        replay = self._replay(agent, run, trial.patience)
        replay.until_rows(2)
        began = time.monotonic()
        trial.disturb(agent)
        code = replay.end(NOTICED + trial.patience + _MARGIN)
        seconds = time.monotonic() - began
        with self._lock:
            self._tally.figures[f"{trial.name} s"] = round(seconds)
        said = "".join(replay.said)
        if trial.goes_on:
            if code != 1:
                yield f"exit {code} after {seconds:.0f} s: {said[-300:]!r}"
        elif code != 3 or "axpair: " not in said or "kept in" not in said:
            yield f"exit {code} after {seconds:.0f} s, not 3 with a sentence: {said[-300:]!r}"
        if code == 1:
            return
        trial.mend(agent)
        again = self._replay(agent, run, 120.0)
        if (code := again.end(120.0)) != 1:
            yield f"called again: exit {code}: {''.join(again.said)[-300:]!r}"

    def _replay(self, agent: _Agent, run: Path, patience: float) -> _Replay:
        prefix = agent.network.within(agent.network.host) if agent.network else ()
        arguments = ["replay", self._case.folder, "--run", run, "--joint", self._case.joint, "--board", agent.url]
        more = ["--deadline", "30", *(["--patience", str(patience)] if self._patient else [])]
        command = [self._setting.python, "-c", "from axpair_host.main import main; main()"]
        return _Replay(
            subprocess.Popen(
                [*prefix, *command, *map(str, arguments), *more],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "AXPAIR_TOKEN": _TOKEN, "AXPAIR_CACHE": str(self._setting.folder / "cache")},
            )
        )

    @contextmanager
    def _agent(self, folder: Path, wire: Network | None) -> Iterator[_Agent]:
        folder.mkdir()
        agent = _Agent(self._setting, folder, wire)
        write_certificate(folder, "lab", agent.host)
        (folder / "lab.token").touch(mode=0o600)
        (folder / "lab.token").write_text(_TOKEN)
        agent.start()
        try:
            yield agent
        finally:
            agent.end()


def _rows(run: Path) -> list[object]:
    """All rows without what depends on when and where, and the tensors of kept folders.

    What the round before a case gave, which on this board is the answer to whatever ran before that, isn't among them.
    """
    with contextlib.closing(sqlite3.connect(run / "run.sqlite")) as connection:
        columns = "id, source_sha256, verdict, code, owner, kept, document"
        rows: list[object] = list(connection.execute(f"SELECT {columns} FROM cases ORDER BY id"))
    tensors = [path for path in sorted((run / "cases").rglob("*.bin")) if "runs/probe/board" not in path.as_posix()]
    return rows + [(str(path.relative_to(run)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in tensors]


def _cut_for(seconds: float) -> Callable[[_Agent], None]:
    def disturb(agent: _Agent) -> None:
        assert agent.network is not None
        agent.network.cut()
        time.sleep(seconds)
        agent.network.mend()

    return disturb


def _cut(agent: _Agent) -> None:
    assert agent.network is not None
    agent.network.cut()


def _mend(agent: _Agent) -> None:
    assert agent.network is not None
    agent.network.mend()


def _stop_for(seconds: float) -> Callable[[_Agent], None]:
    def disturb(agent: _Agent) -> None:
        agent.send(signal.SIGSTOP)
        time.sleep(seconds)
        agent.send(signal.SIGCONT)

    return disturb


def _nothing(agent: _Agent) -> None:
    """Packets are lost, that is all."""


_TRIALS = (
    _Trial("agent killed and started again", _Agent.restart, True, needs_network=False),
    _Trial("2% of packets dropped", _nothing, True, percent=2.0),
    _Trial("cut for 20 s", _cut_for(20.0), True),
    _Trial("cut for 60 s", _cut_for(60.0), True),
    _Trial("cut for ever", _cut, False, _mend, SHORT_PATIENCE),
    _Trial(
        "agent stopped for ever",
        lambda agent: agent.send(signal.SIGSTOP),
        False,
        lambda agent: agent.send(signal.SIGCONT),
        SHORT_PATIENCE,
        needs_network=False,
    ),
    _Trial("agent stopped for 10 s", _stop_for(10.0), True, needs_network=False),
    _Trial("10% dropped and cut for 20 s", _cut_for(20.0), True, percent=10.0),
)
