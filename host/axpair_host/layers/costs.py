"""What the rows say: where the line is crossed, and which layer costs most."""

from collections.abc import Iterable

from axpair_host.evidence.layer_scores import LayerRow, LayerScore, LayerScores

STAGES = ("joint", "lava_joint", "own")
"""Scores of a row, the one that says most first."""
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
        score: LayerScore | None = getattr(row, stage)
        if score is not None and (nan_is_below if score.cosine is None else score.cosine < line):
            return row
    return None


def costliest(scores: LayerScores, output: str = "") -> LayerRow | None:
    """The layer with the largest error of its own that more bits mend, of those that `output` is made from where one
    is named; None where no layer has any."""
    worst = max(behind(scores, output), key=_mended_by_bits, default=None)
    return worst if worst is not None and _mended_by_bits(worst) > 0 else None


def share(scores: LayerScores, row: LayerRow, output: str = "") -> float:
    """What more bits mend in it, as a part of the sum of the own noise powers of all layers (that `output` is made
    from), each relative to its own signal; 0..1."""
    return _part(scores, output, _mended_by_bits(row))


def clipped_share(scores: LayerScores, rows: Iterable[LayerRow], output: str = "") -> float:
    """What they lose because this input leaves their calibrated range, as a part of the same sum; 0..1."""
    return _part(scores, output, sum(_clipped_power(row) for row in rows))


def leaves_its_range(row: LayerRow) -> bool:
    """Whether so much of it lies beyond its calibrated range that no observer can have meant that."""
    return row.clipped >= CLIPPED_SHARE and any(cause.kind == "clipped" for cause in row.causes)


def _clipped_power(row: LayerRow) -> float:
    return row.own_loss**2 * row.clipped_noise if leaves_its_range(row) else 0.0


def _mended_by_bits(row: LayerRow) -> float:
    return row.own_loss**2 - _clipped_power(row)


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
