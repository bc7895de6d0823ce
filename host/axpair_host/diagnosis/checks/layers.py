"""In which layer does quantisation lose accuracy?"""

from collections.abc import Iterator
from typing import Any

from axpair_proto.sentences import say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.checks.calibration import beside_a_constant, lost_to_quantisation
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.documents.layers import LayerCause, LayerRow, LayerScores
from axpair_host.scoring.costs import (
    STANDS_OUT,
    costliest,
    enters_at,
    first_below,
    infinite_at,
    share,
    swallowed_at,
    swallowing,
    worst_first,
)

_LISTED = 5
_SEE = Step(say("See every layer, and what 16 bit there would bring."), "{try_int16}")


def check(inquiry: Inquiry) -> Iterator[Finding | Open | Wants]:
    """AX205: quantisation loses accuracy (AX201, found before), and one layer's own error, without what lies beyond
    its calibrated range (AX204), is a good part of all. It is a hint: what 16 bit in that layer brings back would
    prove it.

    Where that layer only reads a tensor whose values one step swallows, that tensor's layer is named; where it is an
    input, it is AX206. A layer whose infinite values no code stands for is named whatever the errors say."""
    outputs = lost_to_quantisation(inquiry)
    if not outputs or not inquiry.has("onnx", "lava_joint"):
        return
    scores = inquiry.evidence.record.layer_scores
    if scores is None:
        yield Wants(
            "layer_scores",
            say("in which layer the loss enters, and whether this input leaves the calibrated ranges, isn't known"),
            steps=(Step(say("Score every layer."), "{layers}"),),
        )
        return
    unlike = {name for one in inquiry.findings if one.code == "AX204" for name in one.outputs}
    entered: dict[str, tuple[LayerRow, list[str]]] = {}
    named: set[str] = set()
    for output in outputs:
        place = swallowed_at(scores, output) if beside_a_constant(inquiry, output) else None
        if place is not None and (cause := swallowing(place)) is not None:
            named.add(place.name)
            yield _swallowed(scores, place, place, cause, (output,))
            continue
        worst = costliest(scores, output)
        if worst is not None and share(scores, worst, output) >= STANDS_OUT:
            entered.setdefault(worst.name, (worst, []))[1].append(output)
        elif output not in unlike:
            yield Open(
                "layer_scores", _spread(scores, output, worst), steps=(Step(say("See every layer."), "{layers}"),)
            )
    for worst, behind in entered.values():
        place = enters_at(scores, worst)
        named.add(place.name)
        swallowed = swallowing(place)
        if swallowed is not None:
            yield _swallowed(scores, worst, place, swallowed, tuple(behind))
        else:
            yield _finding(inquiry, scores, worst, tuple(behind))
    for output in outputs:
        place = infinite_at(scores, output)
        if place is not None and place.name not in named and (cause := swallowing(place)) is not None:
            named.add(place.name)
            yield _swallowed(scores, place, place, cause, (output,))


def _swallowed(
    scores: LayerScores, worst: LayerRow, place: LayerRow, cause: LayerCause, outputs: tuple[str, ...]
) -> Finding:
    part = share(scores, worst, outputs[0])
    is_input = cause.kind == "unlike-features"
    named = (
        say("the input {name!r}: {why}", name=place.name, why=cause.words)
        if is_input
        else say("the layer {name!r} ({kind}): {why}", name=place.name, kind=place.kind, why=cause.words)
    )
    costs: str
    if part < STANDS_OUT:
        costs = ""
    elif place is worst:
        costs = say("; has {part:.0%} of the own error of all layers behind {output!r}", part=part, output=outputs[0])
    else:
        costs = say(
            "; {name!r} ({kind}) reads it and has {part:.0%} of the own error of all layers behind {output!r}",
            name=worst.name,
            kind=worst.kind,
            part=part,
            output=outputs[0],
        )
    return found(
        "AX206" if is_input else "AX205",
        named + costs,
        {
            "layer": _row(place),
            "read_by": _row(worst),
            "share": part,
            "layers_total": len(scores.layers),
        },
        outputs=outputs,
        next_steps=(Step(cause.mend), _SEE),
        entry_steps=False,
    )


def _spread(scores: LayerScores, output: str, worst: LayerRow | None) -> str:
    if worst is None:
        return say("{output!r}: no layer has any error of its own; the loss can't be told by layers", output=output)
    return say(
        "{output!r}: the loss is spread over the layers; the costliest, {name!r}, has {part:.0%} of their own error",
        output=output,
        name=worst.name,
        part=share(scores, worst, output),
    )


def _finding(inquiry: Inquiry, scores: LayerScores, worst: LayerRow, outputs: tuple[str, ...]) -> Finding:
    line = inquiry.settings.cosine
    first = first_below(scores, line, "lava_joint")
    part = share(scores, worst, outputs[0])
    # What lies beyond the range is AX204's, and no part of what is named here.
    causes = [one for one in worst.causes if one.kind != "clipped"]
    cause = say(": {why}", why=causes[0].words) if causes else ""
    crossed: str = ""
    if first is not None:
        crossed = say("; the line of {line:g} is first crossed at {name!r}", line=line, name=first.name)
    return found(
        "AX205",
        say(
            "the layer {name!r} ({kind}) has {part:.0%} of the own error of all layers behind {output!r}",
            name=worst.name,
            kind=worst.kind,
            part=part,
            output=outputs[0],
        )
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
