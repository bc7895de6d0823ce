"""Hostile inputs end in clear words; `python -m benchmarks fuzz` tries ten thousand of each kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from emulator.fuzz_traps import Trap

from benchmarks.fuzz.campaign import run
from benchmarks.fuzz.feeder import SENSIBLE, Feeder
from benchmarks.fuzz.kind import KINDS, random_of

SEED = 20_000
COUNT = 50
TRAPS = "emulator.fuzz_traps:Trap"


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_input_is_accepted_or_refused_in_words(kind: str) -> None:
    outcomes = run(kind, SEED, range(COUNT), processes=1)
    assert len(outcomes) == COUNT
    assert [outcome for outcome in outcomes if outcome.verdict not in SENSIBLE] == []
    assert {outcome.verdict for outcome in outcomes} == set(SENSIBLE)


@pytest.mark.parametrize("trap", ["accept", "crash", "hang", "traceback", "memory"])
def test_campaign_sees_what_goes_wrong(trap: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tests = str(Path(__file__).parent.parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (tests, os.environ.get("PYTHONPATH")))))
    kind = Trap(tmp_path)
    index = next(index for index in range(1000) if kind.mutant(random_of(TRAPS, 1, index)) == trap.encode())
    after = next(index for index in range(1000) if kind.mutant(random_of(TRAPS, 1, index)) == b"accept")
    feeder = Feeder(TRAPS, 1, deadline=2.0 if trap == "hang" else 60.0, memory=32 << 20)
    try:
        assert feeder.feed(index).verdict == ("accepted" if trap == "accept" else trap)
        assert feeder.feed(after).verdict == "accepted"
    finally:
        feeder.close()
