"""Can the comparison fail at all?"""

from collections.abc import Iterator

from axpair_proto.sentences import say

from axpair_host.compare.lines import ACROSS_CASES
from axpair_host.diagnosis.finding import Finding, Weight, found
from axpair_host.diagnosis.inquiry import Inquiry


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX004: the tolerance passes any answer, or no output has an element. It is then not applied. An empty output
    beside others is a warning: a program without a detection writes such. A reference that is constant throughout, in
    float too, is a warning: equal bytes say little there. So is a line that can't fail on this case."""
    pair = "joint_board" if inquiry.has("joint", "board") else "onnx_joint"
    toothless: dict[str, str] = {}
    empty: dict[str, str] = {}
    constant = []
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        if comparison is None:
            continue
        if comparison.toothless and not comparison.elements and len(inquiry.outputs) > 1:
            empty[output.name] = comparison.toothless
        elif comparison.toothless:
            toothless[output.name] = comparison.toothless
        if comparison.reference_constant and comparison.elements > 1:
            constant.append(output.name)
    if len(empty) == len(inquiry.outputs):
        toothless, empty = {**toothless, **empty}, {}
    weighed: tuple[tuple[dict[str, str], Weight], ...] = ((toothless, "fault"), (empty, "warning"))
    for names, weight in weighed:
        if names:
            first = next(iter(names))
            yield found(
                "AX004",
                f"{first!r}: "
                + names[first]
                + (say("; {rest} more outputs", rest=len(names) - 1) if len(names) > 1 else ""),
                {"outputs": names, "atol": inquiry.settings.atol, "rtol": inquiry.settings.rtol},
                proven=True,
                weight=weight,
                outputs=tuple(names),
            )
    if vacuous := _vacuous_lines(inquiry):
        line, why = next(iter(vacuous.items()))
        yield found(
            "AX004",
            say("the line {line} can't fail on this case: {why}", line=line, why=why)
            + (say("; {rest} more", rest=len(vacuous) - 1) if len(vacuous) > 1 else ""),
            {"lines": vacuous},
            proven=True,
            weight="warning",
        )
    if constant and len(constant) == len(inquiry.outputs) and all(_float_constant(inquiry, name) for name in constant):
        yield found(
            "AX004",
            say("every output is one value throughout, in the float model too: on this input equal bytes say little"),
            {"outputs": constant},
            proven=True,
            weight="warning",
            outputs=tuple(constant),
        )


def _vacuous_lines(inquiry: Inquiry) -> dict[str, str]:
    found = {}
    for line in inquiry.settings.lines:
        comparison = inquiry.pair(inquiry.judged_pair, line.output) if line.metric not in ACROSS_CASES else None
        if comparison is not None and (why := line.vacuous(comparison)):
            found[line.text] = why
    return found


def _float_constant(inquiry: Inquiry, name: str) -> bool:
    comparison = inquiry.pair("onnx_joint", name)
    return comparison is None or comparison.reference_constant
