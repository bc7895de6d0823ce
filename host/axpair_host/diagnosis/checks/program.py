"""Does the user's own program say the same?"""

from collections.abc import Iterator

from axpair_proto.sentences import joined, say

from axpair_host.diagnosis.checks.judged import contradiction, expectation, first_of
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.postprocess.agreement import contradictions, same_decision
from axpair_host.postprocess.decisions import told

_OF_DECISIONS = frozenset(("AX406",))


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX407: the board gives what it should, and the program says neither what comes of that nor what is expected; or
    something is expected and nothing was given that could be held against it. Always a hint: the program itself was
    not observed."""
    record = inquiry.evidence.record
    has_expect, expect = expectation(record)
    if record.has_observed:
        seen = contradiction(inquiry)
        if seen is None:
            return
        against: list[str] = []
        if has_expect and contradictions(expect, record.observed):
            against.append(say("expected was {expected}", expected=told(expect)))
        if seen.leg and not (against and same_decision(expect, seen.right)):
            against.append(say("the post-processor makes {right} of {leg}/", right=told(seen.right), leg=seen.leg))
        agree = say("board and simulator agree")
        if inquiry.tensors_agree(_OF_DECISIONS):
            agree = say("the tensors agree")
        yield found(
            "AX407",
            say(
                "{agree}; the program said {observed}, {against} ({how})",
                agree=agree,
                observed=told(record.observed),
                against=joined(", and ", against),
                how=first_of(seen.how),
            ),
            {"observed": record.observed, "expect": expect, "decision_on_board": seen.right if seen.leg else None},
        )
    elif has_expect and record.postprocess is None and inquiry.tensors_agree():
        yield found(
            "AX407",
            say(
                "the tensors agree; {expected} is expected, and there is neither a post-processor nor what the "
                "program said to hold against it",
                expected=told(expect),
            ),
            {"expect": expect},
        )
