"""Runs the attacks that are named, or all, prints a row each, and names whatever didn't hold."""

import argparse
import importlib
import pkgutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from benchmarks.hostile.attack import Setting, Tally, columns

_FRAME = {"attack", "campaign"}
KINDS = tuple(
    sorted(
        found.name
        for found in pkgutil.iter_modules([str(Path(__file__).parent)])
        if not found.ispkg and found.name not in _FRAME
    )
)
"""Modules of this package; what several of them need is in `hostile/support/`."""


class Kind(Protocol):
    """One kind of attack: a module of this package."""

    USUAL: int
    """How often to attack at length."""
    SHORT: int
    """How often in CI, where all kinds together may take two minutes."""

    def attack(self, setting: Setting, tally: Tally) -> None:
        """Attack `setting.count` times, in the kind's own unit, and tally what held."""
        ...


def main(arguments: Sequence[str]) -> int:
    """Print a table and what fell short; 1 where anything did."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks hostile", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"one of {', '.join(KINDS)}; all unless said")
    parser.add_argument("--count", type=int, help="attacks of each kind, in its own unit (as many as it says itself)")
    parser.add_argument("--short", action="store_true", help="as few as CI runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--python", default=sys.executable, help="of the environment under attack (this one)")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.kinds if name not in KINDS]:
        parser.error(f"no kind {unknown[0]!r}; there are: {', '.join(KINDS)}")
    print(columns([("kind", "tried", "held", "short", "seconds", "figures"), ("---",) * 6]), flush=True)
    short: list[tuple[str, str]] = []
    for name in given.kinds or KINDS:
        kind = named(name)
        count = given.count or (kind.SHORT if given.short else kind.USUAL)
        started = time.monotonic()
        tally = run(name, count, given.seed, given.python, tells=True)
        figures = ", ".join(
            f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in tally.figures.items()
        )
        held = tally.tried - len(tally.shortfalls)
        row = (name, tally.tried, held, len(tally.shortfalls), f"{time.monotonic() - started:.0f}", figures)
        print(columns([row]), flush=True)
        short += [(name, text) for text in tally.shortfalls]
    for name, text in short:
        print(f"\n{name}: {text}")
    return 1 if short else 0


def named(name: str) -> Kind:
    """The module of that kind."""
    kind: Kind = importlib.import_module(f"benchmarks.hostile.{name}")
    return kind


def run(name: str, count: int, seed: int, python: str = sys.executable, *, tells: bool = False) -> Tally:
    """Attack so often, in a folder that is removed afterwards; `tells` how far it is, on stderr."""
    tally = Tally(tells=tells)
    with TemporaryDirectory(prefix=f"axpair-hostile-{name}-") as folder:
        named(name).attack(Setting(Path(folder), count, seed, python), tally)
    return tally
