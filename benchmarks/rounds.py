"""Interleaved timing: every round times each contender once, in shuffled order, so that all see the same machine."""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One contender's times against the base's."""

    name: str
    milliseconds: float
    """Median."""
    ratio: float
    """Of medians."""
    quartiles: tuple[float, float]
    """Of the rounds' own ratios."""


def interleaved(contenders: Mapping[str, Callable[[], object]], rounds: int = 15) -> list[Row]:
    """Time all contenders; the first is the base of the ratios."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for name in contenders:
        contenders[name]()
    order = list(contenders)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            started = time.perf_counter()
            contenders[name]()
            times[name].append(time.perf_counter() - started)
    base = times[next(iter(contenders))]
    rows = []
    for name, taken in times.items():
        each = [one / other for one, other in zip(taken, base, strict=True)]
        low, _, high = statistics.quantiles(each, n=4)
        middle = statistics.median(taken)
        rows.append(Row(name, middle * 1000, middle / statistics.median(base), (low, high)))
    return rows


def table(rows: list[Row]) -> str:
    """The rows as text."""
    lines = []
    for row in rows:
        low, high = row.quartiles
        lines.append(f"  {row.name:<24} {row.milliseconds:8.1f} ms   x{row.ratio:<5.2f} ({low:.2f}..{high:.2f})")
    return "\n".join(lines)
