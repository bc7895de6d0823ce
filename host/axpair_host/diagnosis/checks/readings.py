"""Does one way of misreading the outputs explain what the post-processor, or the user's program, says?"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from axpair_proto.sentences import Sentence, joined, say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.checks.judged import (
    BY_DECISION,
    MISREADINGS,
    contradiction,
    expectation,
    first_of,
    float_in_doubt,
    judged,
)
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.readings import ReadingHit, ReadingsTried
from axpair_host.postprocess.agreement import CLOSE, differences, same_decision
from axpair_host.postprocess.decisions import told
from axpair_host.postprocess.forms import is_exact, is_telling

CODES = MISREADINGS
_POSTPROCESSOR, _PROGRAM = say("the post-processor"), say("the program")
_TRY = (Step(say("Have it tried."), "axpair diagnose {gt} {said} --postprocess {postprocess}"),)


def of_postprocessor(inquiry: Inquiry) -> Iterator[Finding | Wants]:
    """AX401 to AX404: wrong of the float outputs already, and right of them once one misreading is undone for it.
    Neither conversion nor board are in those, so whatever else was found, a proof is told; hints only where the tensors
    agree. Where it is right of the float outputs it misreads nothing: all legs are of one dtype, shape and layout."""
    held = judged(inquiry)
    if held is None or held.base not in held.wrong or held.cleared_by_golden or float_in_doubt(inquiry):
        return
    if not held.agree and held.base != "onnx":
        return
    readings = inquiry.evidence.record.readings
    if readings is None or readings.expect is None:
        yield Wants("readings", _lacking(_POSTPROCESSOR), steps=_TRY)
        return
    found_ = _findings(
        inquiry,
        readings.expect,
        held.expect,
        _POSTPROCESSOR,
        lambda hit: say(
            "with that undone it makes {undone} of {leg}/, else {decision} ({how})",
            undone=told(hit.decision),
            leg=readings.leg,
            decision=held.told(held.base),
            how=held.how(held.base),
        ),
        held.evidence(),
        rounded=not is_exact(held.expect),
    )
    yield from (one for one in found_ if held.agree or one.proven)


def of_program(inquiry: Inquiry) -> Iterator[Finding | Wants]:
    """AX401 to AX404: what the user's program said is what a right post-processor makes of misread outputs."""
    seen = contradiction(inquiry)
    if seen is None or not seen.leg:
        return
    record = inquiry.evidence.record
    readings = record.readings
    if readings is None or readings.observed is None:
        yield Wants("readings", _lacking(_PROGRAM), steps=_TRY)
        return

    def result(hit: ReadingHit) -> Sentence:
        how = first_of(differences(seen.right, record.observed))
        if same_decision(record.observed, hit.decision, CLOSE):
            return say(
                "of {leg}/ misread so the post-processor makes {misread}, just what the program said; read as they "
                "are, {right} ({how})",
                leg=readings.leg,
                misread=told(hit.decision),
                right=told(seen.right),
                how=how,
            )
        return say(
            "of {leg}/ misread so the post-processor makes {misread}, not far from what the program said, {observed}; "
            "read as they are, {right} ({how})",
            leg=readings.leg,
            misread=told(hit.decision),
            observed=told(record.observed),
            right=told(seen.right),
            how=how,
        )

    yield from _findings(
        inquiry,
        readings.observed,
        record.observed,
        _PROGRAM,
        result,
        {
            "observed": record.observed,
            "decision": seen.right,
            "expect": expectation(record)[1],
            "postprocess": record.postprocess.spec if record.postprocess is not None else "",
        },
    )


def _findings(
    inquiry: Inquiry,
    tried: ReadingsTried,
    wanted: Any,
    reader: str,
    result: Callable[[ReadingHit], Sentence],
    evidence: dict[str, Any],
    *,
    rounded: bool = False,
) -> Iterator[Finding]:
    """One finding for each code among the simplest hits; proven where there is one hit, and no chance of another: a
    figure that is only near may come of anything, unless what is `wanted` was rounded by hand."""
    hits = _simplest(tried.hits, by_nearness=is_exact(wanted))
    if not hits:
        return
    rivals = sorted({one.code for one in inquiry.findings if one.code in BY_DECISION})
    alone = len(hits) == 1 and tried.left_out == 0 and not rivals
    telling = is_telling(wanted)
    close = rounded or all(same_decision(wanted, hit.decision, CLOSE) for hit in hits)
    doubt: str = ""
    if len(hits) > 1:
        doubt = say("; {count} readings fit, so this is a hint", count=len(hits))
    elif rivals:
        doubt = say("; {codes} would explain it too, so this is a hint", codes=joined(" and ", rivals))
    elif not telling:
        doubt = say("; so bare a decision may agree by chance, so this is a hint: give one with scores or boxes")
    elif not close:
        doubt = say("; figures that are only near prove nothing, so this is a hint")
    elif tried.left_out:
        doubt = say("; {count} more readings weren't tried, so this is a hint", count=tried.left_out)
    for code in CODES:
        mine = [hit for hit in hits if code in hit.codes]
        if mine:
            outputs = tuple(dict.fromkeys(name for hit in mine for name in hit.outputs))
            reads = joined(", or ", (hit.words for hit in mine))
            details = {**evidence, "readings": [hit.words for hit in hits], "readings_tried": tried.tried}
            proven = alone and telling and close
            who = reader if proven else say("it looks as if {reader}", reader=reader)
            summary = say("{who} {reads}: {result}", who=who, reads=reads, result=result(mine[0])) + doubt
            yield found(code, summary, details, proven=proven, outputs=outputs)


def _lacking(reader: str) -> str:
    return say(
        "whether {who} takes layout, Q, dtype, order or activation of the outputs for another isn't tried: that takes "
        "the post-processor itself",
        who=reader,
    )


def _simplest(hits: Sequence[ReadingHit], *, by_nearness: bool) -> list[ReadingHit]:
    """Without those that do the same to more outputs than another does, or, `by_nearness`, only come near where another
    hits: that tells them apart only where what is wanted is exact."""
    if by_nearness and any(hit.tight for hit in hits):
        hits = [hit for hit in hits if hit.tight]
    return [
        hit
        for hit in hits
        if not any(other.kinds == hit.kinds and set(other.outputs) < set(hit.outputs) for other in hits)
    ]
