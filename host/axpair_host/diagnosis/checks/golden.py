"""Is the float model what the training code says it is?"""

from collections.abc import Iterator

from axpair_proto.sentences import say

from axpair_host.advice.commands import Step
from axpair_host.compare import Relation
from axpair_host.compare.errors import relative_error
from axpair_host.diagnosis.checks.front_end import CLOSE
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry

FAR = 0.05
"""2-norm relative error of float outputs that another way of resizing the same picture stays below."""
_LEGS = "golden -> onnx"
_FRONT_END = frozenset({"AX103", "AX104", "AX105", "AX106"})


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX203: fed with the training code's own input, the ONNX model doesn't give the training code's outputs.

    Without that input, a golden result that the float model misses stays a question: it is never passed over.
    """
    if not inquiry.has("golden"):
        return
    if not inquiry.has("onnx"):
        yield Open(_LEGS, say("no float outputs (onnx/) to hold golden/ against"), lacks="--onnx {onnx}")
        return
    for output in inquiry.outputs:
        if output.name not in inquiry.evidence.leg("golden"):
            yield Open(
                _LEGS,
                say("golden/ has no {name!r}: that output isn't judged against the training code", name=output.name),
            )
    other = _other_model(inquiry)
    if other is not None:
        yield other
    elif not any(one.code in _FRONT_END for one in inquiry.findings):
        yield from _missed(inquiry)


def _other_model(inquiry: Inquiry) -> Finding | None:
    """What the plain ONNX model gives on golden/input, against golden/."""
    outputs = inquiry.evidence.tensors_in("trials/golden-input/onnx")
    errors = {
        name: relative_error(golden, outputs[name])
        for name, golden in inquiry.evidence.leg("golden").items()
        if name in outputs and outputs[name].shape == golden.shape
    }
    if not errors or max(errors.values()) <= CLOSE:
        return None
    name = max(errors, key=lambda one: errors[one])
    return found(
        "AX203",
        say(
            "fed with golden/input itself, the ONNX model gives {name!r} with a relative error of "
            "{error:.3g} against golden/: another model than was trained, or changed by its export",
            name=name,
            error=errors[name],
        ),
        {"errors": errors, "line": CLOSE},
        proven=True,
        stage="conversion",
        next_steps=(
            Step(say("Run the exported ONNX model in the training environment on golden/input, and export it again.")),
        ),
    )


def _missed(inquiry: Inquiry) -> Iterator[Open]:
    for output in inquiry.outputs:
        comparison = inquiry.pair("golden_onnx", output.name)
        if comparison is None or output.name not in inquiry.evidence.leg("golden"):
            continue
        if comparison.relation is Relation.INVALID:
            yield Open(
                _LEGS,
                say("golden/ can't be compared: {name!r}: {reason}", name=output.name, reason=comparison.reason),
                undecided=True,
            )
        elif comparison.relative_error is not None and comparison.relative_error > FAR:
            yield Open(
                _LEGS,
                say(
                    "the float model's {name!r} has a relative error of {relative_error:.3g} against golden/ "
                    "(cosine {cosine:.4f}): configuration, preparation of the input (AX103 to AX106), or another "
                    "model than was trained (AX203); what the training code fed its model with, as golden/input, "
                    "tells which",
                    name=output.name,
                    relative_error=comparison.relative_error,
                    cosine=comparison.cosine or 0.0,
                ),
                undecided=True,
            )
