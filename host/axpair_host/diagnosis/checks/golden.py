"""Is the float model with its configuration what the training code says it is?"""

from collections.abc import Iterator

from axpair_host.compare import Relation
from axpair_host.diagnosis.finding import Open
from axpair_host.diagnosis.inquiry import Inquiry

_LEGS = "golden -> onnx"


def check(inquiry: Inquiry) -> Iterator[Open]:
    """A golden result that the float model misses is a question that this ladder can't split yet: configuration or
    preparation of the input (AX103 to AX106), or another model than was trained. It is never passed over."""
    if not inquiry.has("golden"):
        return
    if not inquiry.has("onnx"):
        yield Open(_LEGS, "no float outputs (onnx/) to hold golden/ against; give --onnx")
        return
    for output in inquiry.outputs:
        if output.name not in inquiry.evidence.leg("golden"):
            yield Open(_LEGS, f"golden/ has no {output.name!r}: that output isn't judged against the training code")
            continue
        comparison = inquiry.pair("golden_onnx", output.name)
        if comparison is None:
            continue
        if comparison.relation is Relation.INVALID:
            yield Open(_LEGS, f"golden/ can't be compared: {output.name!r}: {comparison.reason}", undecided=True)
        elif comparison.cosine is not None and comparison.cosine < inquiry.settings.cosine:
            yield Open(
                _LEGS,
                f"the float model's {output.name!r} has cosine {comparison.cosine:.4f} against golden/: configuration "
                "or preparation of the input (AX103 to AX106), or another model than was trained; which one isn't "
                "split further yet",
                undecided=True,
            )
