"""What the rows say: where the line is crossed, and which layer costs most."""

from collections.abc import Iterable

from axpair_host.documents.layers import LayerCause, LayerRow, LayerScores

STAGES = ("joint", "lava_joint", "own")
"""Scores of a row, the one that says most first."""
SWALLOWED = frozenset(("constant", "infinite", "unlike-features"))
"""Causes of a tensor whose values one step swallows: the error shows in what reads it."""
STANDS_OUT = 0.25
"""Share of all layers' own noise power from which on one layer counts as the place where the loss enters."""
CLIPPED_SHARE = 0.005
"""Of a layer's elements. MSE_CLIPPING leaves out far fewer of those that it saw."""


def first_below(
    scores: LayerScores, line: float, stage: str = "joint", *, nan_is_below: bool = False
) -> LayerRow | None:
    """The first layer below the line against the reference: end to end, or of its own where `stage` is "own".

    With `nan_is_below` a score that isn't a number counts, as in a toolchain's own table.
    """
    for row in scores.layers:
        score = row.score(stage)
        if score is not None and (nan_is_below if score.cosine is None else score.cosine < line):
            return row
    return None


def costliest(scores: LayerScores, output: str = "") -> LayerRow | None:
    """The layer with the largest error of its own that more bits mend, of those that `output` is made from where one
    is named; None where no layer has any."""
    worst = max(behind(scores, output), key=lambda row: _mended_by_bits(scores, row), default=None)
    return worst if worst is not None and _mended_by_bits(scores, worst) > 0 else None


def enters_at(scores: LayerScores, row: LayerRow) -> LayerRow:
    """Where what a layer loses enters: the layer itself, or the one before it whose values one step swallows."""
    by_name = {one.name: one for one in scores.layers}
    seen = {row.name}
    while _has(row, ("operand",)):
        before = next(
            (by_name[name] for name in row.inputs if name in by_name and _has(by_name[name], (*SWALLOWED, "operand"))),
            row,
        )
        if before.name in seen:
            break
        seen.add(before.name)
        row = before
    return row


def swallowing(row: LayerRow) -> LayerCause | None:
    """The cause by which one step swallows its values; None where none does."""
    return next((cause for cause in row.causes if cause.kind in SWALLOWED), None)


def swallowed_at(scores: LayerScores, output: str) -> LayerRow | None:
    """Where the values of an output are swallowed: its own layer, or the one before it where they enter. None where
    nothing swallows them. No layer's error shows that, since the constant outweighs it."""
    own = next((row for row in scores.layers if row.name == output), None)
    place = enters_at(scores, own) if own is not None else None
    return place if place is not None and swallowing(place) is not None else None


def infinite_at(scores: LayerScores, output: str) -> LayerRow | None:
    """The first layer behind an output with infinite values, which no code stands for. What that costs is in no
    layer's error: those are taken of finite values."""
    return next((row for row in behind(scores, output) if _has(row, ("infinite",))), None)


def share(scores: LayerScores, row: LayerRow, output: str = "") -> float:
    """What more bits mend in it, as a part of the sum of the own noise powers of all layers (that `output` is made
    from), each relative to its own signal; 0..1."""
    return _part(scores, output, _mended_by_bits(scores, row))


def clipped_share(scores: LayerScores, output: str = "") -> float:
    """What all layers (that `output` is made from) lose because this input leaves calibrated ranges, as a part of the
    same sum; 0..1."""
    return _part(scores, output, sum(_clipped_power(scores, row) for row in behind(scores, output)))


def leaves_its_range(row: LayerRow) -> bool:
    """Whether so much of it lies beyond its calibrated range that no observer can have meant that."""
    return row.clipped >= CLIPPED_SHARE and any(cause.kind == "clipped" for cause in row.causes)


def _has(row: LayerRow, kinds: Iterable[str]) -> bool:
    return any(cause.kind in kinds for cause in row.causes)


def _clipped_power(scores: LayerScores, row: LayerRow) -> float:
    """What its own range cuts off, and what that of a tensor it reads did: a layer alone is fed with tensors as they
    are quantised, and passes on about as much of their error as they have."""
    read = [one for one in scores.layers if one.name in row.inputs]
    inherited = max((_cut_off(one) for one in read), default=0.0)
    return min(row.own_loss**2, _cut_off(row) + inherited)


def _cut_off(row: LayerRow) -> float:
    return row.own_loss**2 * row.clipped_noise if leaves_its_range(row) else 0.0


def _mended_by_bits(scores: LayerScores, row: LayerRow) -> float:
    return row.own_loss**2 - _clipped_power(scores, row)


def _part(scores: LayerScores, output: str, power: float) -> float:
    total = sum(one.own_loss**2 for one in behind(scores, output))
    return power / total if total else 0.0


def behind(scores: LayerScores, output: str) -> list[LayerRow]:
    """The layers that an output is made from; all of them where it is no layer's name."""
    needed = {output}
    if not any(row.name == output for row in scores.layers):
        return list(scores.layers)
    kept = []
    for row in reversed(scores.layers):
        if row.name in needed:
            kept.append(row)
            needed.update(row.inputs)
    return kept[::-1]


def worst_first(scores: LayerScores) -> list[LayerRow]:
    """Rows by their own error, largest first; where that isn't known, by what came together."""

    def key(row: LayerRow) -> float:
        if scores.own_stage:
            return -row.own_loss
        score = row.joint or row.lava_joint
        return score.cosine if score is not None and score.cosine is not None else 2.0

    return sorted(scores.layers, key=key)
