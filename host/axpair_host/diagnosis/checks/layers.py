"""In which layer does quantisation lose accuracy?"""

from collections.abc import Iterator
from typing import Any

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.layer_scores import LayerCause, LayerRow, LayerScores
from axpair_host.layers.costs import STANDS_OUT, costliest, enters_at, first_below, share, swallowing, worst_first

_LISTED = 5
_SEE = Step("See every layer, and what 16 bit there would bring.", "{try_int16}")


def check(inquiry: Inquiry) -> Iterator[Finding | Open | Wants]:
    """AX205: quantisation loses accuracy (AX201, found before), and one layer's own error, without what lies beyond
    its calibrated range (AX204), is a good part of all. It is a hint: what 16 bit in that layer brings back would
    prove it.

    Where that layer only reads a tensor whose values one step swallows, that tensor's layer is named; where it is an
    input, it is AX206."""
    outputs = [name for one in inquiry.findings if one.code == "AX201" for name in one.outputs]
    if not outputs or not inquiry.has("onnx", "lava_joint"):
        return
    scores = inquiry.evidence.record.layer_scores
    if scores is None:
        yield Wants(
            "layer_scores",
            "in which layer the loss enters, and whether this input leaves the calibrated ranges, isn't known",
            steps=(Step("Score every layer.", "{layers}"),),
        )
        return
    unlike = {name for one in inquiry.findings if one.code == "AX204" for name in one.outputs}
    entered: dict[str, tuple[LayerRow, list[str]]] = {}
    for output in outputs:
        worst = costliest(scores, output)
        if worst is not None and share(scores, worst, output) >= STANDS_OUT:
            entered.setdefault(worst.name, (worst, []))[1].append(output)
        elif output not in unlike:
            yield Open("layer_scores", _spread(scores, output, worst), steps=(Step("See every layer.", "{layers}"),))
    for worst, behind in entered.values():
        place = enters_at(scores, worst)
        swallowed = swallowing(place)
        if swallowed is not None:
            yield _swallowed(scores, worst, place, swallowed, tuple(behind))
        else:
            yield _finding(inquiry, scores, worst, tuple(behind))


def _swallowed(
    scores: LayerScores, worst: LayerRow, place: LayerRow, cause: LayerCause, outputs: tuple[str, ...]
) -> Finding:
    part = share(scores, worst, outputs[0])
    is_input = cause.kind == "unlike-features"
    named = f"the input {place.name!r}" if is_input else f"the layer {place.name!r} ({place.kind})"
    reads = "" if place is worst else f"{worst.name!r} ({worst.kind}) reads it and "
    return found(
        "AX206" if is_input else "AX205",
        f"{named}: {cause.words}; {reads}has {part:.0%} of the own error of all layers behind {outputs[0]!r}",
        {
            "layer": _row(place),
            "read_by": _row(worst),
            "share": part,
            "layers_total": len(scores.layers),
        },
        outputs=outputs,
        next_steps=(Step(f"{cause.mend[0].upper()}{cause.mend[1:]}."), _SEE),
        entry_steps=False,
    )


def _spread(scores: LayerScores, output: str, worst: LayerRow | None) -> str:
    if worst is None:
        return f"{output!r}: no layer has any error of its own; the loss can't be told by layers"
    return (
        f"{output!r}: the loss is spread over the layers; the costliest, {worst.name!r}, has "
        f"{share(scores, worst, output):.0%} of their own error"
    )


def _finding(inquiry: Inquiry, scores: LayerScores, worst: LayerRow, outputs: tuple[str, ...]) -> Finding:
    line = inquiry.settings.cosine
    first = first_below(scores, line, "lava_joint")
    part = share(scores, worst, outputs[0])
    # What lies beyond the range is AX204's, and no part of what is named here.
    causes = [one for one in worst.causes if one.kind != "clipped"]
    cause = f": {causes[0].words}" if causes else ""
    crossed = f"; the line of {line:g} is first crossed at {first.name!r}" if first is not None else ""
    return found(
        "AX205",
        f"the layer {worst.name!r} ({worst.kind}) has {part:.0%} of the own error of all layers behind {outputs[0]!r}"
        + cause
        + crossed,
        {
            "line": line,
            "layer": _row(worst),
            "share": part,
            "first_below": first.name if first is not None else None,
            "costliest": [_row(row) for row in worst_first(scores)[:_LISTED]],
            "layers_total": len(scores.layers),
        },
        outputs=outputs,
    )


def _row(row: LayerRow) -> dict[str, Any]:
    own, reached = row.own, row.lava_joint
    return {
        "name": row.name,
        "node": row.node,
        "kind": row.kind,
        "own_relative_error": own.relative_error if own else None,
        "own_cosine": own.cosine if own else None,
        "accumulated_cosine": reached.cosine if reached else None,
        "causes": [{"kind": cause.kind, "words": cause.words} for cause in row.causes],
    }
