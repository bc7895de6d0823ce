"""A hostile host with the token: whatever it calls, the agent lives, serves others, and says what was wrong."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support import wild_calls, wild_frames
from benchmarks.hostile.support.caller import Caller
from benchmarks.hostile.support.served import TOY, Served, served

USUAL = 10_000
"""All there are."""
SHORT = 40

QUOTA_BYTES = 64 << 20
MEMORY_BYTES = 300 << 20


@dataclass(frozen=True)
class Scenario:
    """One thing that a hostile host does, and the ends that are right."""

    name: str
    act: Callable[[Caller], str]
    expected: tuple[str, ...]


def scenarios() -> list[Scenario]:
    """All, in a fixed order."""
    return [Scenario(*found) for found in (*wild_calls.scenarios(), *wild_frames.scenarios())]


def attack(setting: Setting, tally: Tally) -> None:
    """Try `count` of the scenarios, or all, drawn by the seed; after each the agent must serve another host."""
    found = scenarios()
    chosen = random.Random(setting.seed).sample(found, min(setting.count, len(found)))
    tally.figures["scenarios"] = len(found)
    with served(setting, "agent", f"--quota={QUOTA_BYTES}", "--allow-commands", runtime=TOY) as agent:
        for scenario in chosen:
            _try(agent, scenario, tally)
        tally.highest("agent MiB", agent.most_memory() >> 20)
        blobs = sum(path.stat().st_size for path in (setting.folder / "agent" / "blobs").rglob("*") if path.is_file())
        tally.figures["blobs MiB"] = blobs >> 20
        log = agent.log.read_text(errors="replace")
        tally.figures["tracebacks"] = log.count("Traceback")
    tally.check(blobs <= QUOTA_BYTES, f"{blobs} bytes of blobs in a quota of {QUOTA_BYTES}")
    tally.check("Traceback" not in log, f"the agent's log holds tracebacks: {log.count('Traceback')}")
    longest = max(map(len, log.splitlines()), default=0)
    tally.check(longest < 2_000, f"the agent's log holds a line of {longest} letters")


def _try(agent: Served, scenario: Scenario, tally: Tally) -> None:
    caller = Caller(agent)
    before = agent.most_memory()
    try:
        ended = scenario.act(caller)
    finally:
        caller.close()
    tally.check(
        ended in scenario.expected or "any" in scenario.expected,
        f"{scenario.name}: {ended}, not {' or '.join(scenario.expected)}",
    )
    if not agent.alive:
        raise RuntimeError(f"{scenario.name}: the agent ended")
    serves = Caller(agent)
    tally.check(serves.serves(), f"{scenario.name}: afterwards the agent serves nobody")
    serves.close()
    memory = agent.most_memory()
    if memory > max(before, MEMORY_BYTES):
        tally.check(False, f"{scenario.name}: the agent took {memory >> 20} MiB, before that {before >> 20}")
