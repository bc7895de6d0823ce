"""The document that `axpair layers` prints."""

from collections.abc import Sequence

from axpair_host.documents.layers import (
    SCHEMA_VERSION,
    CostliestLayer,
    EntryLayer,
    LayerRow,
    LayerScores,
    LayersDocument,
    NamedLayer,
    OutputScore,
    SixteenTrial,
)
from axpair_host.scoring.costs import STAGES, STANDS_OUT, costliest, enters_at, first_below, share, swallowing


def report(
    scores: LayerScores,
    line: float,
    *,
    simulator: str,
    outputs: Sequence[OutputScore] = (),
    sixteen: SixteenTrial | None = None,
    source: str = "",
) -> LayersDocument:
    """All rows and outputs, and what they say. `source` names a log that the rows come from."""
    stage = next((one for one in STAGES if any(row.score(one) is not None for row in scores.layers)), "lava_joint")
    first, worst = first_below(scores, line, stage, nan_is_below=bool(source)), costliest(scores)
    miscompiled = [row for row in scores.layers if row.compiled is not None and row.compiled.at_fault]
    # What is lost in a branch and isn't missed at the end is no loss of the model's.
    lost = any(one.lost for one in outputs) if outputs else first is not None
    wrong = lost or bool(miscompiled)
    return LayersDocument(
        schema_version=SCHEMA_VERSION,
        verdict="FAULT" if wrong else "INCONCLUSIVE" if scores.cut_off else "PASS",
        reference=scores.reference,
        own_stage=scores.own_stage or None,
        line=line,
        simulator=simulator or None,
        build_log=source or None,
        first_below=_named(scores, first) if first is not None else None,
        first_below_stage=stage,
        without_cosine=tuple(_named(scores, row) for row in scores.layers if source and _has_no_cosine(row, stage)),
        costliest=_costs(scores, worst) if worst is not None else None,
        enters_at=_entry(scores, worst),
        miscompiled=tuple(_named(scores, row) for row in miscompiled),
        outputs=tuple(outputs),
        int16=sixteen,
        layers=scores.layers,
    )


def _has_no_cosine(row: LayerRow, stage: str) -> bool:
    score = row.score(stage)
    return score is not None and score.cosine is None


def _named(scores: LayerScores, row: LayerRow) -> NamedLayer:
    return NamedLayer(_number(scores, row), row.name, row.node, row.kind)


def _number(scores: LayerScores, row: LayerRow) -> int:
    return next((at for at, one in enumerate(scores.layers, start=1) if one is row), 0)


def _entry(scores: LayerScores, worst: LayerRow | None) -> EntryLayer | None:
    place = enters_at(scores, worst) if worst is not None else None
    cause = swallowing(place) if place is not None else None
    if place is None or cause is None:
        return None
    return EntryLayer(_number(scores, place), place.name, place.node, place.kind, cause)


def _costs(scores: LayerScores, row: LayerRow) -> CostliestLayer:
    part = share(scores, row)
    number = _number(scores, row)
    return CostliestLayer(number, row.name, row.node, row.kind, part, part >= STANDS_OUT, row.causes)
