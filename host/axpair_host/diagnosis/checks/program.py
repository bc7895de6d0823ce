"""Does the user's own program say the same?"""

from collections.abc import Iterator

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
        against = [f"expected was {told(expect)}"] if has_expect and contradictions(expect, record.observed) else []
        if seen.leg and not (against and same_decision(expect, seen.right)):
            against.append(f"the post-processor makes {told(seen.right)} of {seen.leg}/")
        agree = "the tensors agree" if inquiry.tensors_agree(_OF_DECISIONS) else "board and simulator agree"
        yield found(
            "AX407",
            f"{agree}; the program said {told(record.observed)}, {', and '.join(against)} ({first_of(seen.how)})",
            {"observed": record.observed, "expect": expect, "decision_on_board": seen.right if seen.leg else None},
        )
    elif has_expect and record.postprocess is None and inquiry.tensors_agree():
        yield found(
            "AX407",
            f"the tensors agree; {told(expect)} is expected, and there is neither a post-processor nor what the "
            "program said to hold against it",
            {"expect": expect},
        )
