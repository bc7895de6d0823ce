"""Hosts that meet a wrong agent: each ends within its limit, with one sentence, little memory, and nothing written."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from axpair_emulator.simulator import EmulatorSimulator

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support.scenario import DEADLINE, PATIENCE, Scenario
from benchmarks.hostile.support.small_case import SmallCase, small_case
from benchmarks.hostile.support.wrongs import SCENARIOS

USUAL = len(SCENARIOS)
SHORT = 6
MEMORY_BYTES = 700 << 20
"""The most that a host may hold."""
AT_ONCE = 3
WAITING_AT_ONCE = 64
"""Of those that do nothing but wait."""
_LONGEST_LINE = 20_000
"""A text of 4000 characters, each spelled out."""


def attack(setting: Setting, tally: Tally) -> None:
    """Let `axpair pair`, `replay` and `board info` meet `count` wrong agents."""
    case = small_case(setting.folder / "case", pictures=2)
    described = setting.folder / "description"
    described.write_bytes(EmulatorSimulator().describe(case.joint).to_message().SerializeToString())
    names = list(SCENARIOS)
    if setting.count <= SHORT:
        names = [name for name in names if not SCENARIOS[name].waits and SCENARIOS[name].port is None]
    random.Random(setting.seed).shuffle(names)
    names = sorted(names[: setting.count], key=lambda name: -SCENARIOS[name].seconds)
    patient = "--patience" in setting.done("pair", "--help").output
    lock = threading.Lock()

    def meet(name: str) -> None:
        met = _meet(setting, case, described, name, patient)
        with lock:
            print(f"{name}: exit {met.code} after {met.seconds:.0f} s {met.wrong or ''}", file=sys.stderr, flush=True)
            tally.check(not met.wrong, f"{name}: {'; '.join(met.wrong)}")
            tally.highest("most MiB", met.peak_bytes / (1 << 20))
            tally.highest("longest s", met.seconds)
            if met.code is None:
                tally.count("had to be ended")
            else:
                tally.count(f"exit {met.code}")

    with ThreadPoolExecutor(AT_ONCE) as pool, ThreadPoolExecutor(WAITING_AT_ONCE) as waiting:
        pending = [(waiting if SCENARIOS[name].waits else pool).submit(meet, name) for name in names]
        for each in pending:
            each.result()


@dataclass(frozen=True)
class _Met:
    """How a host came off."""

    code: int | None
    peak_bytes: int
    seconds: float
    wrong: Sequence[str]


def _meet(setting: Setting, case: SmallCase, described: Path, name: str, patient: bool) -> _Met:
    scenario = SCENARIOS[name]
    folder = setting.folder / "".join(letter if letter.isalnum() else "-" for letter in name)
    home = folder.with_name(f"{folder.name}-home")
    folder.mkdir()
    home.mkdir()
    with _listening(described, name) as port:
        started = time.monotonic()
        process = setting.axpair(
            *_arguments(scenario, case, port, patient), cwd=folder, HOME=str(home), TMPDIR=str(home)
        )
        output: list[str] = ["", ""]
        readers = [
            threading.Thread(target=_read, args=(stream, output, index))
            for index, stream in enumerate((process.stdout, process.stderr))
        ]
        for reader in readers:
            reader.start()
        code, peak = _wait(process, scenario.seconds)
        for reader in readers:
            reader.join()
        seconds = time.monotonic() - started
    return _Met(code, peak, seconds, list(_wrong(scenario, code, peak, output, folder)))


def _arguments(scenario: Scenario, case: SmallCase, port: int, patient: bool) -> list[str | Path]:
    board = ["--board", f"{scenario.scheme}://127.0.0.1:{port}"]
    if scenario.command == "info":
        return ["board", "info", *board]
    more = [*board, "--deadline", str(DEADLINE), *(["--patience", str(PATIENCE)] if patient else [])]
    if scenario.command == "pair":
        return ["pair", "--joint", case.joint, "--input", case.pictures[0], "--out", "out", *more]
    return ["replay", case.folder, "--run", "out", "--joint", case.joint, *more]


@contextmanager
def _listening(described: Path, name: str) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.hostile.support.wrong_agent", str(described), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(json.loads(process.stdout.readline())["port"])
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _read(stream: object, output: list[str], index: int) -> None:
    output[index] = stream.read()  # type: ignore[attr-defined]


def _wait(process: "subprocess.Popen[str]", seconds: float) -> tuple[int | None, int]:
    """Exit code, None where it had to be ended, and the most memory that it held, in bytes."""
    ending = threading.Timer(seconds, process.kill)
    ending.start()
    _, status, usage = os.wait4(process.pid, 0)
    in_time = ending.is_alive()
    ending.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return (process.returncode if in_time else None), usage.ru_maxrss * 1024


def _wrong(scenario: Scenario, code: int | None, peak: int, said: Sequence[str], folder: Path) -> Iterator[str]:
    output, errors = said
    if code is None:
        yield f"still there after {scenario.seconds:.0f} s"
    elif code not in scenario.codes:
        yield f"exit {code}: {errors[-300:]!r}"
    if peak > MEMORY_BYTES:
        yield f"{peak >> 20} MiB"
    if "Traceback" in output + errors or "defect" in errors:
        yield f"no sentence for people: {errors[-300:]!r}"
    if code in (2, 3) and scenario.codes.isdisjoint((0, 1)) and errors.count("axpair: ") > 1:
        yield f"several messages: {errors[-300:]!r}"
    shown = output + errors
    raw = {letter for letter in shown if not letter.isprintable() and letter not in "\n\t"}
    if raw - {"\r"} or "\r\n" in shown:
        yield f"codes for the terminal: {sorted(raw)}"
    longest = max(map(len, shown.splitlines()), default=0)
    if longest > _LONGEST_LINE:
        yield f"a line of {longest} letters"
    strangers = [path.name for path in folder.iterdir() if path.name != "out"]
    if strangers or Path("/tmp/axpair-attack").exists():
        yield f"written beside the output: {strangers}"
