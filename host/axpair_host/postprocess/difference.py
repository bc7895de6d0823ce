"""One way in which a decision isn't the expected one."""

from dataclasses import dataclass
from math import isfinite

from axpair_proto.sentences import say

_SAME_MAGNITUDE = 2.0


@dataclass(frozen=True)
class Difference:
    """In words, and whether the decision is the same all the same."""

    words: str
    of_score: bool = False
    """The same label or box, with another score: no threshold was crossed."""


def other_than(expected: str, said: str) -> str:
    """What was expected and what was said, in words."""
    return say("{expected} expected, {said} said", expected=expected, said=said)


def of_score(words: str, expected: float | None, said: float | None) -> Difference:
    """Of the same label or box. One that isn't finite, or of another magnitude, is more than a score that moved."""
    if expected is None or said is None or not (isfinite(expected) and isfinite(said)):
        return Difference(words)
    low, high = sorted(max(1.0, abs(score)) for score in (expected, said))
    return Difference(words, of_score=high <= _SAME_MAGNITUDE * low)
