"""Whether two decisions are the same, and if not, in what they differ: labels, top-k, boxes, plain numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from axpair_proto.sentences import say

from axpair_host.postprocess.boxes import MIN_IOU, box_differences, close_scores
from axpair_host.postprocess.decisions import told
from axpair_host.postprocess.difference import Difference, of_score, other_than
from axpair_host.postprocess.forms import Entry, as_boxes, as_label, as_top, is_number, labelled, same_label


@dataclass(frozen=True)
class Tolerances:
    """How near is the same."""

    score: float = 0.1
    """Between scores; a share of the larger one beyond 1."""
    numbers: float = 0.02
    """Of the largest magnitude in a list of numbers; whole numbers on both sides must be equal."""
    iou: float = MIN_IOU
    """The least overlap of two boxes."""

    def of(self, expected: Any) -> "Tolerances":
        """With what the expectation brings itself in its place."""
        if not isinstance(expected, Mapping):
            return self
        own = {name: expected.get(key) for name, key in _KEYS}
        return replace(
            self, **{name: float(value) for name, value in own.items() if value is not None and is_number(value)}
        )


_KEYS = (("score", "score_tolerance"), ("numbers", "tolerance"), ("iou", "iou"))
USUAL = Tolerances()
TIGHT = Tolerances(0.01, 0.002, 0.9)
"""Under which what a decision comes of is told from what only comes near it."""

CLOSE = Tolerances(0.01, 0.01)
"""Under which figures show what they come of; those that are only near may come of something else."""


def same_decision(expected: Any, said: Any, within: Tolerances = USUAL) -> bool:
    """Whether two JSON values say the same, under the tolerances of their form."""
    return not compared(expected, said, within)


def only_scores_differ(expected: Any, said: Any) -> bool:
    """Whether both decide the same, and a score alone is further off than is near."""
    found = compared(expected, said)
    return bool(found) and all(one.of_score for one in found)


def differences(expected: Any, said: Any, within: Tolerances = USUAL) -> list[str]:
    """As `compared`, in words alone."""
    return [one.words for one in compared(expected, said, within)]


def contradictions(right: Any, observed: Any) -> list[str]:
    """In what a program's own words differ from what is right; what it doesn't say contradicts nothing."""
    return [] if same_decision(observed, right) else differences(right, observed)


def compared(expected: Any, said: Any, within: Tolerances = USUAL) -> list[Difference]:
    """In what `said` differs from `expected`; empty when they are the same.

    What the expectation leaves out (a score, a class, the second best) isn't asked for. It may carry its own
    "score_tolerance", "iou" and "tolerance", which count instead of the usual ones.
    """
    within = within.of(expected) if within is USUAL else within
    if said == [] and (as_top(expected) or as_label(expected)):
        return [Difference(say("{expected} expected, nothing said", expected=told(expected)))]
    boxes, said_boxes = as_boxes(expected), as_boxes(said)
    if boxes is not None and said_boxes is not None:
        return box_differences(boxes, said_boxes, within.score, within.iou)
    top, said_top = as_top(expected), as_top(said)
    if top is None and said_top is None and not (isinstance(expected, Mapping) or isinstance(said, Mapping)):
        return _plain(expected, said, within)
    top = top or _one(as_label(expected))
    said_top = said_top or _one(labelled(said))
    if top is not None and said_top is not None:
        return _top(top, said_top, within.score)
    if isinstance(expected, Mapping) and "numbers" in expected:
        numbers = said["numbers"] if isinstance(said, Mapping) and "numbers" in said else said
        return _plain(expected["numbers"], numbers, within)
    return _plain(expected, said, within)


def _one(entry: Entry | None) -> list[Entry] | None:
    return None if entry is None else [entry]


def _top(expected: list[Entry], said: list[Entry], tolerance: float) -> list[Difference]:
    """The first must be the same. Below it ties may change places, and fall off the end."""
    best, found = expected[0], said[0]
    if not best.agrees_in_label(found):
        return [Difference(_otherwise(best, found))]
    differ = [] if _close(best, found, tolerance) else [of_score(_otherwise(best, found), best.score, found.score)]
    if len(said) == 1:
        return differ
    last = said[-1].score
    for one in expected[1 : len(said)]:
        other = next((each for each in said if one.agrees_in_label(each)), None)
        if other is None:
            if one.score is None or last is None or not close_scores(one.score, last, tolerance):
                differ.append(Difference(say("{one} isn't among the {count} best", one=one.told(), count=len(said))))
        elif not _close(one, other, tolerance):
            differ.append(of_score(_otherwise(one, other), one.score, other.score))
    return differ


def _otherwise(expected: Entry, said: Entry) -> str:
    return other_than(expected.told(), said.told())


def _close(one: Entry, other: Entry, tolerance: float) -> bool:
    return one.score is None or other.score is None or close_scores(one.score, other.score, tolerance)


def _plain(expected: Any, said: Any, within: Tolerances) -> list[Difference]:
    numbers, others = _numbers(expected), _numbers(said)
    if numbers is not None and others is not None:
        return [Difference(words) for words in _numbers_differ(expected, said, numbers, others, within.numbers)]
    if isinstance(expected, Mapping) and isinstance(said, Mapping):
        if expected.keys() != said.keys():
            return [
                Difference(say("other keys: {keys}", keys=", ".join(sorted(map(str, expected.keys() ^ said.keys())))))
            ]
        return [_at(key, each) for key in expected for each in _inside(expected[key], said[key], within)]
    if isinstance(expected, list) and isinstance(said, list):
        if len(expected) != len(said):
            return [Difference(say("{expected} entries expected, {said} said", expected=len(expected), said=len(said)))]
        pairs = enumerate(zip(expected, said, strict=True))
        return [_at(f"[{index}]", each) for index, (one, other) in pairs for each in _inside(one, other, within)]
    one_label = isinstance(expected, str | int | float) and isinstance(said, str | int | float)
    if same_label(expected, said) if one_label else expected is said:
        return []
    return [Difference(other_than(told(expected), told(said)))]


def _at(place: str, inside: Difference) -> Difference:
    return replace(inside, words=f"{place}: " + inside.words)


def _inside(expected: Any, said: Any, within: Tolerances) -> list[Difference]:
    compare = compared if isinstance(expected, Mapping | list) else _plain
    return compare(expected, said, within)


def _numbers_differ(expected: Any, said: Any, one: list[float], other: list[float], tolerance: float) -> list[str]:
    if _shape(expected) != _shape(said):
        return [say("{expected} numbers expected, {said} said", expected=_shape(expected), said=_shape(said))]
    if all(float(value).is_integer() for value in (*one, *other)):
        tolerance = 0.0
    largest = max(map(abs, (*one, *other)), default=0.0)
    off = [index for index, (a, b) in enumerate(zip(one, other, strict=True)) if abs(a - b) > tolerance * largest]
    if not off:
        return []
    worst = max(off, key=lambda index: abs(one[index] - other[index]))
    among = say("{count} of {of} numbers differ, most ", count=len(off), of=len(one)) if len(one) > 1 else ""
    return [among + other_than(f"{one[worst]:g}", f"{other[worst]:g}")]


def _numbers(value: Any) -> list[float] | None:
    """Numbers of a number or of a list of any depth, in order; None where anything else is among them."""
    if is_number(value):
        return [value]
    if not isinstance(value, list):
        return None
    found: list[float] = []
    for each in value:
        inner = _numbers(each)
        if inner is None:
            return None
        found += inner
    return found


def _shape(value: Any) -> list[int]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape
