"""Workers killed or stopped at moments that are waited for: a replay's rows are those of an uninterrupted one.

The unit is a kill: a quarter each while the worker is idle between cases, between a predecessor and its case, inside a
run and inside a loading, with no fault, with `stale-output` and with `race`; beside them two stopped workers a fault.
"""

import os
import random
import socket
from collections.abc import Sequence

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support.held_runtime import RUNTIME
from benchmarks.hostile.support.held_workers import KILLS, STOPPED, held
from benchmarks.hostile.support.run_state import State, state_of
from benchmarks.hostile.support.served import TOKEN, served
from benchmarks.hostile.support.small_case import SmallCase, small_case

USUAL = 108
SHORT = 4

FAULTS = ("stale-output", "", "race")
"""Of the emulated board; "" is none."""
ENDED = (0, 1)
DEADLINE = 10


def attack(setting: Setting, tally: Tally) -> None:
    """A replay with kills for each fault, after one without. In short there is one fault."""
    faults = FAULTS if setting.count >= 4 * len(FAULTS) else FAULTS[:1]
    kills = [KILLS[number % len(KILLS)] for number in range(setting.count)]
    case = small_case(setting.folder / "model", len(kills) // len(faults) + 4)
    for number, fault in enumerate(faults):
        # With three faults and four kinds each fault gets them in another order.
        wanted = [*kills[number :: len(faults)], *[STOPPED] * (2 if len(faults) > 1 else 0)]
        expected = _replay(setting, tally, case, fault, [])
        found = _replay(setting, tally, case, fault, wanted)
        if expected is not None and found is not None:
            _compare(tally, fault or "no fault", expected, found, exactly=fault != "race")


def _replay(setting: Setting, tally: Tally, case: SmallCase, fault: str, wanted: Sequence[str]) -> State | None:
    """Run it while workers are killed at the wanted moments; None where it didn't end as it should."""
    name = f"{fault or 'none'}-{'killed' if wanted else 'expected'}"
    path = setting.folder / f"{name}.socket"
    options = [f"--option=hold={path}", *([f"--option=fault={fault}"] if fault else [])]
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(path))
        listening.listen()
        with (
            served(setting, name, *options, runtime=RUNTIME) as agent,
            held(agent.process.pid, wanted, random.Random(setting.seed), listening) as holding,
        ):
            run = setting.folder / f"{name}.run"
            board = f"127.0.0.1:{agent.port}"
            done = setting.done(
                *("replay", case.folder, "--run", run, *case.flags, "--board", board, "--deadline", str(DEADLINE)),
                AXPAIR_TOKEN=TOKEN,
            )
    for moment, count in holding.fell.items():
        tally.count(moment, count)
    for problem in holding.problems:
        tally.check(False, f"{name}: {problem}")
    tally.check(not holding.wanted, f"{name}: moments that never came: {', '.join(holding.wanted)}")
    tally.check(done.code in ENDED, f"{name}: exit {done.code}: {done.errors.strip()[-400:]}")
    return state_of(run) if done.code in ENDED else None


def _compare(tally: Tally, name: str, expected: State, found: State, exactly: bool) -> None:
    """Row by row and, but for times and what a stale answer showed of earlier cases, kept folder by kept folder.

    Where a fault has no seed: verdict and code alone.
    """
    for id_, row in expected.rows.items():
        other = found.rows.get(id_, ())
        if exactly:
            same = (row, expected.metrics.get(id_)) == (other, found.metrics.get(id_))
        else:
            same = row[1:3] == other[1:3]
        tally.check(same, f"{name}: case {id_} is {other[1:3]} instead of {row[1:3]}")
    same = set(found.rows) == set(expected.rows)
    tally.check(same, f"{name}: {len(found.rows)} rows instead of {len(expected.rows)}")
    if exactly:
        same = set(expected.kept) == set(found.kept)
        tally.check(same, f"{name}: kept folders {sorted(found.kept)} instead of {sorted(expected.kept)}")
        for folder, files in expected.kept.items():
            there = found.kept.get(folder, {})
            paths = {path for path in {*files, *there} if not path.startswith((".axpair", "pair.json", "runs/probe/"))}
            differing = sorted(path for path in paths if files.get(path) != there.get(path))
            tally.check(not differing, f"{name}: {folder}: other bytes in {', '.join(differing)}")
