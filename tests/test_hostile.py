"""Every attack in its short form; `python -m benchmarks hostile` runs them at length.

Each in a process of its own: what a process that ran other tests holds in memory would count as its children's.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.hostile.campaign import KINDS

ROOT = Path(__file__).parent.parent


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", KINDS)
def test_what_is_promised_holds_under_attack(name: str) -> None:
    command = [sys.executable, "-m", "benchmarks", "hostile", "--short", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert f"| {name} |" in done.stdout
