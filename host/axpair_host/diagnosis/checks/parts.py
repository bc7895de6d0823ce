"""Did a small part of an output collapse?"""

from collections.abc import Iterator

from axpair_proto.sentences import say

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.documents.compared import Slice
from axpair_host.documents.json_form import json_form


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX206: slices of far smaller range than the others vanished, or are below the line while the whole isn't."""
    pair = inquiry.judged_pair
    collapsed: dict[str, tuple[Slice, ...]] = {}
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        if comparison is not None and comparison.slices:
            collapsed[output.name] = comparison.slices
    if not collapsed:
        return
    name, slices = next(iter(collapsed.items()))
    worst = slices[0]
    whole = inquiry.pair(pair, name)
    beside: str = ""
    if whole is not None and whole.cosine is not None:
        beside = say(", while the whole output has cosine {cosine:.4f}", cosine=whole.cosine)
    yield found(
        "AX206",
        say(
            "{name!r}: slice {index} of axis {axis} ({low:.4g}..{high:.4g} in the float model) {fate} after conversion",
            name=name,
            index=worst.index,
            axis=worst.axis,
            low=worst.range[0],
            high=worst.range[1],
            fate=worst.fate(),
        )
        + beside
        + (say("; {rest} more slices", rest=len(slices) - 1) if len(slices) > 1 else ""),
        {"pair": pair, "outputs": json_form(collapsed)},
        outputs=tuple(collapsed),
    )
