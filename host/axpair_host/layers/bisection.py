"""Which part to try next, so that few trials show the first operator after which a board computes something else.

Two halvings: over the tensors that dominate what follows, where a part has one output and is cheap to believe in;
then over the operators between the last that agrees and the first that differs. What holds at every step: all that
the lower prefix hands on has the simulator's bytes, and something that the upper one hands on hasn't. So the fault
lies between them even where an earlier one was masked on its way.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from axpair_host.layers.prefixes import Prefixes

Differs = Callable[[int, tuple[str, ...]], bool]
"""Told the length of a prefix and its frontier; whether any of these tensors differs on the board."""


@dataclass(frozen=True)
class Bracket:
    """What a search came to: the first `lower` operators are sound, the first `upper` are not."""

    lower: int
    upper: int


def expected_trials(prefixes: Prefixes) -> int:
    """How many trials a search takes at most, the one of the whole model included."""
    marks = [0, *prefixes.dominators, len(prefixes.nodes)]
    widest = max((after - before for before, after in itertools.pairwise(marks)), default=1)
    return 1 + _halvings(len(marks) - 1) + _halvings(widest)


def search(prefixes: Prefixes, differs: Differs) -> Bracket:
    """Find the operator; the whole model is known to differ. What `differs` raises ends the search."""
    marks = [0, *prefixes.dominators, len(prefixes.nodes)]
    lower, upper = _halve(marks, prefixes, differs)
    lower, upper = _halve(list(range(lower, upper + 1)), prefixes, differs)
    return Bracket(lower, upper)


def _halve(lengths: list[int], prefixes: Prefixes, differs: Differs) -> tuple[int, int]:
    """Two neighbours among `lengths`, of which the first is sound and the second is not."""
    low, high = 0, len(lengths) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if differs(lengths[middle], prefixes.frontiers[lengths[middle]]):
            high = middle
        else:
            low = middle
    return lengths[low], lengths[high]


def _halvings(steps: int) -> int:
    return max(0, steps - 1).bit_length()
