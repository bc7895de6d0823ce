"""Boxes against boxes: matched by overlap and class, and what is left told in words."""

from collections.abc import Sequence
from math import isfinite, isnan

from axpair_proto.sentences import joined, say

from axpair_host.postprocess.difference import Difference, of_score, other_than
from axpair_host.postprocess.forms import Box, Entry

MIN_IOU = 0.5
"""Boxes that overlap by less aren't the same."""
_NEARLY = 0.02
"""Of the largest coordinate."""
_SIDEWAYS = (say("{by:.3g} right", by=0), say("{by:.3g} left", by=0))
_UPRIGHT = (say("{by:.3g} down", by=0), say("{by:.3g} up", by=0))
_TOLD = 4
_MOVED = 0.25
"""A box of nearly the same size, moved by no more than its longer edge, counts as moved, not as lost and found."""


def box_differences(
    expected: Sequence[Entry], said: Sequence[Entry], score_tolerance: float, iou: float
) -> list[Difference]:
    """In sentences: scores that are off, boxes that moved, are missing, or too many. Empty when all match.

    Each expected box takes the said one of its class that overlaps it most, at least by `iou`, best pair first.
    """
    pairs, missing, extra = _matched(expected, said, iou)
    told = [
        of_score(other_than(one.told(), other.told()), one.score, other.score)
        for one, other in pairs
        if one.score is not None
        and other.score is not None
        and not close_scores(one.score, other.score, score_tolerance)
    ]
    pairs = [(one, other) for one in missing for other in extra if _moved(one, other)]
    for one, other in sorted(pairs, key=lambda pair: _distance(*pair)):
        if one in missing and other in extra:
            missing.remove(one)
            extra.remove(other)
            told.append(
                Difference(
                    say(
                        "{one} {shift} (IoU {overlap:.2f})",
                        one=one.told(),
                        shift=_shift(one, other),
                        overlap=overlap(_of(one), _of(other)),
                    )
                )
            )
    if missing:
        told.append(Difference(say("{count} missing: {boxes}", count=len(missing), boxes=_listed(missing))))
    if extra:
        told.append(Difference(say("{count} too many: {boxes}", count=len(extra), boxes=_listed(extra))))
    return told


def _listed(boxes: Sequence[Entry]) -> str:
    more = say(" and {rest} more", rest=len(boxes) - _TOLD) if len(boxes) > _TOLD else ""
    return joined(", ", map(_where, boxes[:_TOLD])) + more


def close_scores(one: float, other: float, tolerance: float) -> bool:
    """Within the tolerance, taken as a share where scores go beyond 1 (logits, per cent); what isn't finite is near
    itself alone."""
    if not (isfinite(one) and isfinite(other)):
        return one == other or (isnan(one) and isnan(other))
    return abs(one - other) <= tolerance * max(1.0, abs(one), abs(other))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union. Boxes without area, or inside out, overlap wholly where they are nearly equal."""
    if min(_area(one), _area(other)) <= 0:
        largest = max(map(abs, (*one, *other)))
        return float(all(abs(a - b) <= _NEARLY * largest for a, b in zip(one, other, strict=True)))
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    shared = wide * high
    return shared / (_area(one) + _area(other) - shared)


def _matched(
    expected: Sequence[Entry], said: Sequence[Entry], iou: float
) -> tuple[list[tuple[Entry, Entry]], list[Entry], list[Entry]]:
    candidates = sorted(
        (
            (overlap(_of(one), _of(other)), i, j)
            for i, one in enumerate(expected)
            for j, other in enumerate(said)
            if one.agrees_in_label(other)
        ),
        key=lambda found: (-found[0], found[1], found[2]),
    )
    left, right, pairs = set(range(len(expected))), set(range(len(said))), []
    for value, i, j in candidates:
        if value < iou:
            break
        if i in left and j in right:
            left.remove(i)
            right.remove(j)
            pairs.append((expected[i], said[j]))
    return pairs, [expected[i] for i in sorted(left)], [said[j] for j in sorted(right)]


def _moved(one: Entry, other: Entry) -> bool:
    if not one.agrees_in_label(other):
        return False
    mine, theirs = _size(_of(one)), _size(_of(other))
    alike = all(abs(a - b) <= _MOVED * max(a, b) for a, b in zip(mine, theirs, strict=True))
    return alike and all(
        abs(a - b) <= max(map(abs, mine)) for a, b in zip(_centre(_of(one)), _centre(_of(other)), strict=True)
    )


def _shift(one: Entry, other: Entry) -> str:
    right, down = (b - a for a, b in zip(_centre(_of(one)), _centre(_of(other)), strict=True))
    parts = [words[by < 0].filled(by=abs(by)) for by, words in ((right, _SIDEWAYS), (down, _UPRIGHT)) if abs(by) >= 0.5]
    return say("shifted by {parts}", parts=joined(" and ", parts)) if parts else say("changed in size")


def _distance(one: Entry, other: Entry) -> float:
    return sum(abs(a - b) for a, b in zip(_centre(_of(one)), _centre(_of(other)), strict=True))


def _where(entry: Entry) -> str:
    return f"{entry.told()} at [{', '.join(f'{value:.4g}' for value in _of(entry))}]"


def _of(entry: Entry) -> Box:
    assert entry.box is not None
    return entry.box


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def _size(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
