"""Does the compiler keep what the quantised model gives?"""

from collections.abc import Iterator
from typing import Any

from axpair_proto.sentences import Sentence, say

from axpair_host.compare.lines import Shortfall
from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.checks.conversion import Low, below, figures, usable, worst
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import Layer
from axpair_host.scoring.compiled import at_fault

RELATIVE_ERROR = 0.3
"""2-norm relative error of J where the cosine shows nothing: a factor, say. At a cosine of 0.98 it is 0.2."""


def check(inquiry: Inquiry) -> Iterator[Finding | Open | Wants]:
    """AX202: an operator's own error, fed with the quantised model's codes, exceeds one step or leans to one side.

    The difference from end to end alone never accuses: rare one-step flips grow in healthy nets. Where the joint is
    below the line and the quantised model isn't, the operators are always looked at, else only at leisure.
    """
    if not inquiry.has("onnx", "lava_joint", "joint"):
        return
    differing = [output.name for output in inquiry.outputs if _differs(inquiry, output.name)]
    if not differing:
        return
    low = _low(inquiry)
    spoken = _spoken(low)
    layers = inquiry.evidence.record.layers
    if layers is None:
        if low:
            lacking = say(
                "{spoken}: whether a layer's own error is the cause, or healthy flips that grew, isn't known",
                spoken=spoken,
            )
            yield Wants("layers", lacking, otherwise=(Open("lava_joint -> joint", lacking, undecided=True),))
        else:
            yield Wants("own_errors", say("whether a layer's own error is more than rounding wasn't looked at"))
        return
    wrong = [layer for layer in layers if at_fault(layer)]
    if wrong:
        yield _finding(inquiry, wrong, low, differing, spoken)
    elif low:
        why = say(
            "{spoken}; each of the {count} layers alone is within one step: small differences grew, no stage is at "
            "fault by itself",
            spoken=spoken,
            count=len(layers),
        )
        yield Open("lava_joint -> joint", why, undecided=True)


def _differs(inquiry: Inquiry, name: str) -> bool:
    quantised, joint = (inquiry.evidence.leg(leg).get(name) for leg in ("lava_joint", "joint"))
    return quantised is not None and joint is not None and quantised.tobytes() != joint.tobytes()


def _low(inquiry: Inquiry) -> Low:
    """Outputs of which the joint falls short of a line and the quantised model doesn't."""
    early = below(inquiry, "onnx_lava")
    low = {
        name: short
        for name, short in below(inquiry, "onnx_joint").items()
        if name not in early and usable(inquiry, name)
    }
    for output in inquiry.outputs:
        joint, quantised = (inquiry.pair(pair, output.name) for pair in ("onnx_joint", "onnx_lava"))
        if joint is None or quantised is None or joint.cosine is None or not usable(inquiry, output.name):
            continue
        if joint.named_by:  # no distance of names means anything
            continue
        error, before = joint.relative_error, quantised.relative_error
        if error is not None and before is not None and error > RELATIVE_ERROR > 2 * before:
            low.setdefault(output.name, Shortfall("relative_error", error, RELATIVE_ERROR))
    return low


def _spoken(low: Low) -> Sentence:
    if not low:
        return say("every output is above the line")
    name = worst(low)
    told = say("the joint's {name!r} has {value}", name=name, value=low[name].against_the_float_model)
    if low[name].metric == "relative_error":
        return told + say(", and the quantised model's isn't above that")
    return told + say(", and the quantised model's isn't below that")


def _finding(inquiry: Inquiry, wrong: list[Layer], low: Low, differing: list[str], spoken: str) -> Finding:
    first = wrong[0]
    return found(
        "AX202",
        say(
            "{spoken}; the layer {name!r} ({kind}) alone is off by {max_steps:g} steps at most and "
            "{mean_steps:+.3f} on average",
            spoken=spoken,
            name=first.name,
            kind=first.kind,
            max_steps=first.max_steps,
            mean_steps=first.mean_steps,
        )
        + (say("; {rest} more layers", rest=len(wrong) - 1) if len(wrong) > 1 else ""),
        {
            "line": inquiry.settings.cosine,
            "outputs": figures(inquiry, low),
            "layers": [_document(layer) for layer in wrong[:20]],
            "layers_at_fault": len(wrong),
            "layers_total": len(inquiry.evidence.record.layers or ()),
        },
        outputs=tuple(low or differing),
        settles=("conversion",),
        cosine_if_fixed=min(
            (
                pair.cosine
                for one in low or differing
                if (pair := inquiry.pair("onnx_lava", one)) and pair.cosine is not None
            ),
            default=None,
        ),
    )


def _document(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "kind": layer.kind,
        "max_steps": layer.max_steps,
        "mean_steps": layer.mean_steps,
        "differing": layer.differing,
        "elements": layer.elements,
    }
