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
    """Median of wall time."""
    ratio: float
    """Of medians of wall time."""
    cpu_ratio: float
    """Of medians of this process's CPU time, which other processes don't disturb."""
    quartiles: tuple[float, float]
    """Of the rounds' own ratios of CPU time."""


def interleaved(contenders: Mapping[str, Callable[[], object]], rounds: int = 15) -> list[Row]:
    """Time all contenders; the first is the base of the ratios. Each runs twice before, to be ready."""
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in (*contenders.values(), *contenders.values()):
        contender()
    order = list(contenders)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            started, used = time.perf_counter(), time.process_time()
            contenders[name]()
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(time.process_time() - used)
    base = next(iter(contenders))
    return [_row(name, wall[name], wall[base], cpu[name], cpu[base]) for name in contenders]


def _row(name: str, wall: list[float], base_wall: list[float], cpu: list[float], base_cpu: list[float]) -> Row:
    each = [one / other for one, other in zip(cpu, base_cpu, strict=True)]
    low, _, high = statistics.quantiles(each, n=4)
    middle = statistics.median(wall)
    return Row(
        name,
        middle * 1000,
        middle / statistics.median(base_wall),
        statistics.median(cpu) / statistics.median(base_cpu),
        (low, high),
    )
