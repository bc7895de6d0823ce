"""Frames that make no sense: to both readers in a process of their own, through a live agent, to live workers.

The unit is a frame to the readers; one in fifty goes through an agent, one in five hundred to a worker.
"""

import json
import os
import subprocess
from pathlib import Path

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support import frame_agents, frame_workers

USUAL = 1_000_000
SHORT = 6_000

READERS_MIB = 400
ROOT = Path(__file__).resolve().parents[2]


def attack(setting: Setting, tally: Tally) -> None:
    """All three."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    _readers(setting, tally, variables)
    frame_agents.attack(setting, tally, max(40, setting.count // 50), variables)
    frame_workers.attack(setting, tally, max(4, setting.count // 500), variables)


def _readers(setting: Setting, tally: Tally, variables: dict[str, str]) -> None:
    command = [setting.python, "-m", "benchmarks.hostile.support.frame_readers", str(setting.count), str(setting.seed)]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=ROOT, check=False)
    if done.returncode:
        tally.check(False, f"the readers ended with {done.returncode}: {done.stderr.strip()[-400:]}")
        return
    found = json.loads(done.stdout)
    tally.tried += setting.count - found["counts"].get("wrong", 0)
    for text in found["wrong"]:
        tally.check(False, f"a reader: {text}")
    for name, count in found["counts"].items():
        tally.count(f"readers {name}", count)
    tally.highest("readers MiB", found["MiB"])
    tally.highest("slowest frame s", found["slowest"])
    tally.check(found["MiB"] < READERS_MIB, f"the readers took {found['MiB']:.0f} MiB")
