"""Does the user's own program say the same?"""

from collections.abc import Iterator

from axpair_host.diagnosis.checks.judged import expectation
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.postprocess.agreement import contradictions
from axpair_host.postprocess.decisions import told


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX407: everything that was run here is right, and what the program says isn't; or something is expected and
    nothing was given that could be held against it. Always a hint: the program itself was not observed."""
    record = inquiry.evidence.record
    if not inquiry.tensors_agree():
        return
    said = record.postprocess
    has_expect, expect = expectation(record)
    if record.has_observed:
        board = said.decisions.get("board") if said is not None else None
        if has_expect and (how := contradictions(expect, record.observed)):
            against = f"expected was {told(expect)}"
        elif said is not None and "board" in said.decisions and (how := contradictions(board, record.observed)):
            against = f"the post-processor makes {told(board)} of the board's outputs"
        else:
            return
        yield found(
            "AX407",
            f"the tensors agree; the program said {told(record.observed)}, {against} ({'; '.join(how[:2])})",
            {"observed": record.observed, "expect": expect, "decision_on_board": board},
        )
    elif has_expect and said is None:
        yield found(
            "AX407",
            f"the tensors agree; {told(expect)} is expected, and there is neither a post-processor nor what the "
            "program said to hold against it",
            {"expect": expect},
        )
