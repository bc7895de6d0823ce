"""Is this input like the calibration set?"""

from collections.abc import Iterator
from typing import Any

from axpair_proto.sentences import say

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.documents.layers import LayerRow, LayerScores
from axpair_host.scoring.costs import STANDS_OUT, behind, clipped_share, leaves_its_range, swallowed_at


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX204: quantisation loses accuracy (AX201, found before), and what this input has beyond the calibrated range of
    some layers is a good part of all layers' own error. A hint: another calibration set proves it."""
    scores = inquiry.evidence.record.layer_scores
    if scores is None:
        return
    outputs = [
        name
        for name in lost_to_quantisation(inquiry)
        if not (beside_a_constant(inquiry, name) and swallowed_at(scores, name))
    ]
    named: dict[str, LayerRow] = {}
    struck = []
    for output in outputs:
        rows = left_the_range(scores, output)
        if rows:
            struck.append(output)
            named |= {row.name: row for row in rows}
    if not struck:
        return
    first = next(row for row in scores.layers if row.name in named)
    part = clipped_share(scores, struck[0])
    why = next(cause.words for cause in first.causes if cause.kind == "clipped")
    yield found(
        "AX204",
        say(
            "{layers} the calibrated range on this input, and with it goes {part:.0%} of the own error "
            "of all layers behind {output!r}; the first is {name!r} ({kind}), {clipped:.1%} of it "
            "outside: {why}",
            layers=_layers(len(named), len(scores.layers)),
            part=part,
            output=struck[0],
            name=first.name,
            kind=first.kind,
            clipped=first.clipped,
            why=why,
        ),
        {
            "layers": [_row(row) for row in scores.layers if row.name in named],
            "layers_total": len(scores.layers),
            "share": part,
        },
        outputs=tuple(struck),
    )


def lost_to_quantisation(inquiry: Inquiry) -> list[str]:
    """Outputs that AX201 was found for; warnings aren't looked into."""
    found = [one for one in inquiry.findings if one.code == "AX201" and one.weight != "warning"]
    return [name for one in found for name in one.outputs]


def beside_a_constant(inquiry: Inquiry, name: str) -> bool:
    """Whether what an output lost is what stands beside a huge constant."""
    comparison = inquiry.pair("onnx_lava", name)
    short = inquiry.lost(comparison, name) if comparison is not None else None
    return short is not None and short.metric == "others_cosine"


def left_the_range(scores: LayerScores, output: str) -> list[LayerRow]:
    """The layers behind an output that this input drives out of their range, where they cost a good part of it."""
    rows = [row for row in behind(scores, output) if leaves_its_range(row)]
    return rows if rows and clipped_share(scores, output) >= STANDS_OUT else []


def _layers(number: int, total: int) -> str:
    if number == 1:
        return say("{number} of {total} layers leaves", number=number, total=total)
    return say("{number} of {total} layers leave", number=number, total=total)


def _row(row: LayerRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "clipped": row.clipped,
        "range": list(row.range) if row.range is not None else None,
        "own_relative_error": row.own.relative_error if row.own else None,
    }
