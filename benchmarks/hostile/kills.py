"""Kills of host, agent and worker at chosen calls: resumed, everything is as if nothing had happened.

The command stops itself at its n-th write, rename, sync or the like (`support/trap.c`), or in the middle of a write;
then one of its processes gets SIGKILL, or is stopped beyond the deadline, and the rest goes on. The host's moments are
its calls on the run or gt folder, the agent's are all of its calls on files, pipes and sockets.
"""

import json
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from benchmarks.hostile.attack import Setting, Tally, digests
from benchmarks.hostile.support import marked
from benchmarks.hostile.support.run_state import State, state_of
from benchmarks.hostile.support.small_case import SmallCase, small_case
from benchmarks.hostile.support.trap import Trap, is_possible

USUAL = 240
"""Kills and stops, of all processes together."""
SHORT = 2

_HOST, _AGENT, _WORKER = "axpair_host.main", "axpair_agent serve", "axpair_agent.worker"
_FAULTS = ("stale-output", "", "stale-output", "race")
_DEADLINE = 3
"""Seconds that a round may take; stops last longer."""
_PATIENCE = ("--patience", "5")
"""Seconds; releases before didn't know the option."""
_NOTICED = 100.0
"""Seconds within which a host has to give a stopped agent up: 40, its patience, and a busy machine's slowness."""
_GONE = 5.0
"""Seconds within which every process has to end with the host."""
_ENDED = (0, 1, 2)
"""How a replay ends that came to its end."""
_VOLATILE = ("timings", "board", "versions", "gathered")


@dataclass(frozen=True)
class _Plan:
    """One kill."""

    moment: str
    """Whose call: host or agent."""
    call: int
    half: bool
    victim: str
    number: int = signal.SIGKILL


def attack(setting: Setting, tally: Tally) -> None:
    """Kill `setting.count` times."""
    if not is_possible():
        tally.figures["not tried"] = "there is no C compiler here"
        tally.check(True, "")
        return
    kills = _Kills(setting, tally, Trap.built(setting.folder / "trap"), small_case(setting.folder / "case", 4))
    kills.case.pictures[1].write_bytes(b"broken")
    while kills.done < setting.count:
        if setting.count > SHORT and kills.runs % 4 == 3:
            kills.runs += 1
            kills.pair()
        else:
            kills.replay()


@dataclass
class _Kills:
    setting: Setting
    tally: Tally
    trap: Trap
    case: SmallCase
    done: int = 0
    runs: int = 0
    turns: int = 0
    whole: dict[str, tuple[State, Mapping[str, object]]] = field(default_factory=dict)
    """Fault to what an uninterrupted run leaves."""
    calls: dict[tuple[str, str], int] = field(default_factory=dict)
    """What and whose moment to the number of calls of an uninterrupted one."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.setting.seed)
        self.patience = _PATIENCE if _PATIENCE[0] in self.setting.done("replay", "--help").output else ()

    def replay(self) -> None:
        """A run that is killed up to four times, resumed to its end, and held against one that wasn't."""
        self.runs += 1
        fault = _FAULTS[self.runs % len(_FAULTS)]
        run = self.setting.folder / f"run-{self.runs}"
        wanted = self._uninterrupted(fault)
        told = []
        code: int | None = None
        for _ in range(4):
            if self.done >= self.setting.count or code in _ENDED:
                break
            plan = self._plan(f"replay {fault}")
            told.append(plan)
            code = self._killed(self._replay(run, fault), run, plan, f"{fault or 'no fault'} {told}")
        for _ in range(6):
            if code in _ENDED:
                break
            done = self.setting.done(*self._replay(run, fault))
            code = done.code
        self.tally.check(code in _ENDED, f"{fault} {told}: never ended: {code}")
        self._compare(run, fault, wanted, f"{fault or 'no fault'} {told}")

    def pair(self) -> None:
        """A gt folder that is being replaced."""
        gt = self.setting.folder / "out" / "gt"
        if not gt.is_dir():
            assert self.setting.done(*self._pair(gt)).code in _ENDED
        plan = self._plan("pair")
        before = digests(gt)
        code = self._killed(self._pair(gt), gt.parent, plan, f"pair {plan}")
        now = digests(gt) if gt.is_dir() else {}
        self.tally.check(
            now == before or (bool(now) and sorted(now) == sorted(before) and (gt / "pair.json").stat().st_size > 0),
            f"pair {plan} ended with {code}: the gt folder is neither old nor new",
        )
        done = self.setting.done(*self._pair(gt))
        self.tally.check(done.code in _ENDED, f"pair {plan}: once more: {done.code} {done.errors[-300:]}")
        left = [path.name for path in gt.parent.iterdir() if path != gt]
        self.tally.check(not left, f"pair {plan}: left over: {left}")

    def _plan(self, what: str) -> _Plan:
        """The next kill: each victim in turn, at each n-th call of the moments' owner."""
        turn = self.turns % 5
        self.turns += 1
        owner = "agent" if turn in (1, 4) and self.setting.count > SHORT else "host"
        victim = (_HOST, _AGENT, _WORKER, _HOST, _WORKER)[turn]
        stops = self.turns % 9 == 7 and victim != _HOST and self.setting.count > SHORT
        number = signal.SIGSTOP if stops else signal.SIGKILL
        calls = self._calls(what, owner)
        return _Plan(owner, self.random.randint(1, calls), self.random.random() < 0.3, victim, number)

    def _killed(self, command: tuple[str | Path, ...], folder: Path, plan: _Plan, told: str) -> int | None:
        """Start it, kill at the moment, let the rest go on to its end; the host's exit code."""
        mark = marked.fresh()
        variables = self._trapped(folder, plan.moment, stop=plan.call, half=int(plan.half))
        process = self.setting.axpair(*command, cwd=None, **variables, **{marked.NAME: mark})
        with _drained(process):
            stopped = _stopped(process, mark)
            what = "stops" if plan.number == signal.SIGSTOP else "kills"
            victims = marked.alive(mark, plan.victim)
            hit = int(bool(stopped and victims))
            self.done += hit
            self.tally.count(f"{what} of the {_SHORT_NAMES[plan.victim]}", hit)
            self.tally.count("moments that didn't come, or without such a process", 1 - hit)
            if stopped:
                marked.send(victims, plan.number)
            marked.send([pid for pid in stopped if plan.number == signal.SIGKILL or pid not in victims], signal.SIGCONT)
            begun = time.monotonic()
            try:
                code: int | None = process.wait(_NOTICED)
            except subprocess.TimeoutExpired:
                code = None
            if plan.number == signal.SIGSTOP:
                self.tally.highest("longest wait for a stopped one, seconds", time.monotonic() - begun)
            self.tally.check(code is not None, f"{told}: still waiting after {_NOTICED:.0f} s")
        seconds = marked.seconds_until_gone(mark, _GONE)
        self.tally.check(seconds is not None, f"{told}: processes left after {_GONE:.0f} s")
        self.tally.highest("longest until all were gone, seconds", seconds or _GONE)
        return code

    def _compare(self, run: Path, fault: str, wanted: tuple[State, Mapping[str, object]], told: str) -> None:
        now = state_of(run)
        state, pairs = wanted
        if fault == "race":
            ended = {id_: row[1:4] for id_, row in now.rows.items()}
            self.tally.check(ended == {id_: row[1:4] for id_, row in state.rows.items()}, f"{told}: other verdicts")
            return
        changed = [id_ for id_ in state.rows if now.rows.get(id_) != state.rows[id_]]
        codes = {id_: (state.rows[id_][2], now.rows.get(id_, ("",) * 3)[2]) for id_ in changed}
        self.tally.count("rows lost", sum(id_ not in now.rows for id_ in changed))
        self.tally.count("rows changed", sum(id_ in now.rows for id_ in changed))
        self.tally.check(not changed and len(now.rows) == len(state.rows), f"{told}: rows changed: {codes}")
        self.tally.check(now.metrics == state.metrics, f"{told}: other metrics")
        self.tally.check(not (unlike := _unlike(_files(now), _files(state))), f"{told}: kept files differ: {unlike}")
        self.tally.check(_pairs(run) == pairs, f"{told}: other pair.json")
        left = [path.name for path in run.iterdir() if path.name.startswith(".") and path.is_dir()]
        left += [path.name for path in (run / "cases").iterdir() if path.name not in state.kept]
        self.tally.check(not left, f"{told}: left over: {left}")

    def _uninterrupted(self, fault: str) -> tuple[State, Mapping[str, object]]:
        if fault not in self.whole:
            run = self.setting.folder / f"whole-{fault}"
            done = self.setting.done(*self._replay(run, fault), cwd=None, **self._trapped(run, "host"))
            assert done.code in _ENDED, done
            self.calls[f"replay {fault}", "host"] = self.trap.number()
            self.whole[fault] = state_of(run), _pairs(run)
        return self.whole[fault]

    def _calls(self, what: str, owner: str) -> int:
        """How many calls of its owner there are to be killed at."""
        if owner == "agent":
            what = "replay "  # it is busy in the same way with each
        if (what, owner) not in self.calls:
            folder = self.setting.folder / f"counted-{len(self.calls)}" / "gt"
            command = self._pair(folder) if what == "pair" else self._replay(folder, what.partition(" ")[2])
            place = folder.parent if what == "pair" else folder
            done = self.setting.done(*command, cwd=None, **self._trapped(place, owner))
            assert done.code in _ENDED, done
            self.calls[what, owner] = max(1, self.trap.number())
        return self.calls[what, owner]

    def _trapped(self, folder: Path, owner: str, **more: object) -> Mapping[str, str]:
        under, who = (folder, _HOST) if owner == "host" else ("*", _AGENT)
        variables = self.trap.variables(under, who, **more)
        return {name: value for name, value in variables.items() if name != "TRAP_LOG"}

    def _replay(self, run: Path, fault: str) -> tuple[str | Path, ...]:
        board = f"emulator:?fault={fault}" if fault else "emulator:"
        return (
            *("replay", self.case.folder, "--run", run, *self.case.flags),
            *("--board", board, "--deadline", str(_DEADLINE), *self.patience),
        )

    def _pair(self, gt: Path) -> tuple[str | Path, ...]:
        return (
            *("pair", *self.case.flags, "--input", self.case.pictures[0], "--out", gt),
            *("--deadline", str(_DEADLINE)),
        )


_SHORT_NAMES = {_HOST: "host", _AGENT: "agent", _WORKER: "worker"}


def _stopped(process: "subprocess.Popen[str]", mark: str) -> list[int]:
    """Wait until one of its processes stopped itself, or it ended: then nothing."""
    while process.poll() is None:
        if stopped := [pid for pid in marked.alive(mark, "axpair") if marked.state(pid) == "T"]:
            return stopped
        time.sleep(0.01)
    return []


@contextmanager
def _drained(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Read what it says, so that it never waits for us."""
    assert process.stdout is not None
    assert process.stderr is not None
    readers = [Thread(target=pipe.read) for pipe in (process.stdout, process.stderr)]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        process.kill()
        for reader in readers:
            reader.join()
        process.stdout.close()
        process.stderr.close()


def _files(state: State) -> Mapping[str, Mapping[str, str]]:
    """Kept folders without their documents and marks, which say when and where."""
    return {
        name: {path: digest for path, digest in files.items() if not path.endswith((".json", ".axpair"))}
        for name, files in state.kept.items()
    }


def _unlike(now: Mapping[str, Mapping[str, str]], wanted: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Files that differ, are missing or too many; the first five."""
    ours = {f"{folder}/{name}": digest for folder, files in now.items() for name, digest in files.items()}
    theirs = {f"{folder}/{name}": digest for folder, files in wanted.items() for name, digest in files.items()}
    return [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)][:5]


def _pairs(run: Path) -> Mapping[str, object]:
    """Kept folder to what its pair.json says of the case; its next steps name the folder, wherever it lies."""
    found = {}
    for path in sorted((run / "cases").glob("*/pair.json")):
        document = json.loads(path.read_text().replace(str(run), "RUN"))
        found[path.parent.name] = {key: value for key, value in document.items() if key not in _VOLATILE}
    return found
