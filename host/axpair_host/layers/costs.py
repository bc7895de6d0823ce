"""What the rows say: where the line is crossed, and which layer costs most."""

from axpair_host.evidence.layer_scores import LayerRow, LayerScores

STANDS_OUT = 0.25
"""Share of all layers' own noise power from which on one layer counts as the place where the loss enters."""


def first_below(scores: LayerScores, line: float, stage: str = "joint") -> LayerRow | None:
    """The first layer whose tensor, end to end, is below the line against the reference."""
    for row in scores.layers:
        score = row.joint if stage == "joint" else row.lava_joint
        if score is not None and score.cosine is not None and score.cosine < line:
            return row
    return None


def costliest(scores: LayerScores, output: str = "") -> LayerRow | None:
    """The layer with the largest error of its own, of those that `output` is made from where one is named; None where
    no layer has any."""
    worst = max(behind(scores, output), key=lambda row: row.own_loss, default=None)
    return worst if worst is not None and worst.own_loss > 0 else None


def share(scores: LayerScores, row: LayerRow, output: str = "") -> float:
    """Its part of the sum of the own noise powers of all layers (that `output` is made from), each relative to its own
    signal; 0..1."""
    total = sum(one.own_loss**2 for one in behind(scores, output))
    return row.own_loss**2 / total if total else 0.0


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
