"""One way in which a decision isn't the expected one."""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class Difference:
    """In words, and whether the decision is the same all the same."""

    words: str
    of_score: bool = False
    """The same label or box, with another score: no threshold was crossed."""


def of_score(words: str, expected: float | None, said: float | None) -> Difference:
    """Of the same label or box. A score that isn't finite is more than one that moved."""
    moved = expected is not None and said is not None and isfinite(expected) and isfinite(said)
    return Difference(words, of_score=moved)
