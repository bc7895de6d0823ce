"""The document that `axpair layers` prints."""

from collections.abc import Sequence
from typing import Any

from axpair_host.evidence.layer_scores import LayerRow, LayerScore, LayerScores
from axpair_host.evidence.store import builtins_of
from axpair_host.layers.costs import STAGES, STANDS_OUT, costliest, enters_at, first_below, share, swallowing
from axpair_host.layers.outputs import OutputScore
from axpair_host.layers.sixteen import SixteenTrial

SCHEMA_VERSION = 1


def report(
    scores: LayerScores,
    line: float,
    *,
    simulator: str,
    outputs: Sequence[OutputScore] = (),
    sixteen: SixteenTrial | None = None,
    source: str = "",
) -> dict[str, Any]:
    """JSON form of all rows and outputs and of what they say. `source` names a log that the rows come from."""
    stage = next((one for one in STAGES if any(getattr(row, one) is not None for row in scores.layers)), "lava_joint")
    first, worst = first_below(scores, line, stage, nan_is_below=bool(source)), costliest(scores)
    miscompiled = [row for row in scores.layers if row.compiled is not None and row.compiled.at_fault]
    wrong = first is not None or bool(miscompiled) or any(one.lost for one in outputs)
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": "FAULT" if wrong else "INCONCLUSIVE" if scores.cut_off else "PASS",
        "reference": scores.reference,
        "own_stage": scores.own_stage or None,
        "line": line,
        "simulator": simulator or None,
        "build_log": source or None,
        "first_below": _named(scores, first) if first is not None else None,
        "first_below_stage": stage,
        "without_cosine": [_named(scores, row) for row in scores.layers if source and _has_no_cosine(row, stage)],
        "costliest": _costs(scores, worst) if worst is not None else None,
        "enters_at": _entry(scores, worst),
        "miscompiled": [_named(scores, row) for row in miscompiled],
        "outputs": builtins_of(outputs),
        "int16": builtins_of(sixteen) if sixteen is not None else None,
        "layers": [builtins_of(row) for row in scores.layers],
    }


def _has_no_cosine(row: LayerRow, stage: str) -> bool:
    score: LayerScore | None = getattr(row, stage)
    return score is not None and score.cosine is None


def _named(scores: LayerScores, row: LayerRow) -> dict[str, Any]:
    """`number` is its place among the layers, from 1, or 0 for an input: names that a log cut short are alike."""
    number = next((at for at, one in enumerate(scores.layers, start=1) if one is row), 0)
    return {"number": number, "name": row.name, "node": row.node, "kind": row.kind}


def _entry(scores: LayerScores, worst: LayerRow | None) -> dict[str, Any] | None:
    """The layer whose values one step swallows, where the costliest one only reads them, or is it."""
    place = enters_at(scores, worst) if worst is not None else None
    cause = swallowing(place) if place is not None else None
    return {**_named(scores, place), "cause": builtins_of(cause)} if place is not None and cause is not None else None


def _costs(scores: LayerScores, row: LayerRow) -> dict[str, Any]:
    part = share(scores, row)
    return {
        **_named(scores, row),
        "share": part,
        "stands_out": part >= STANDS_OUT,
        "causes": builtins_of(row.causes),
    }
