"""What the post-processor makes of tensors that agree."""

from collections.abc import Iterator, Sequence

from axpair_proto.sentences import joined, say

from axpair_host.compare import Relation
from axpair_host.diagnosis.checks.judged import BY_DECISION, Judged, apart, first_of, judged
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.postprocess.agreement import USUAL, differences
from axpair_host.postprocess.boxes import close_scores
from axpair_host.postprocess.decisions import holds_nan, told
from axpair_host.postprocess.difference import other_than
from axpair_host.postprocess.forms import as_top


def fickle(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX405, proven: the same bytes decided in two ways. That needs no expectation. What keeps the post-processor from
    being judged is said here too, for all the questions about it."""
    held = judged(inquiry)
    if held is None:
        return
    record = inquiry.evidence.record
    if held.agree and not record.has_expect and (undecided := _undecided(list(held.decided.values()))):
        yield Open("postprocess", undecided, undecided=True)
    for leg in held.decided:
        if leg in held.said.again:
            yield found(
                "AX405",
                say(
                    "of the very same bytes ({leg}/) the post-processor makes one thing, and asked again "
                    "another: {apart}",
                    leg=leg,
                    apart=apart(held.decided[leg], held.said.again[leg]),
                ),
                {"decisions": held.decided, "again": held.said.again},
                proven=True,
            )
            return
    if held.agree and record.expect_leg and not held.has_expect:
        failed = held.said.errors.get(record.expect_leg, "")
        why = say("the post-processor failed on them: {failed}", failed=failed) if failed else say("they aren't there")
        lacks = "" if failed else "--onnx {onnx}"
        expected = say("what it makes of the float outputs is expected, and {why}", why=why)
        yield Open("expect", expected, undecided=True, lacks=lacks)
    if "joint" not in held.decided or "board" not in held.decided:
        return
    pairs = [inquiry.pair("joint_board", output.name) for output in inquiry.outputs]
    if not all(pair is not None and pair.relation is Relation.IDENTICAL for pair in pairs):
        return
    if differences(held.decided["joint"], held.decided["board"]):
        yield found(
            "AX405",
            say(
                "of the very same bytes the post-processor makes one thing in joint/ and another in board/: {apart}",
                apart=apart(held.decided["joint"], held.decided["board"]),
            ),
            {"decisions": held.decided},
            proven=True,
        )


def _undecided(decisions: Sequence[object]) -> str:
    """Why nothing is right that agrees only with itself; "" where something was decided."""
    if all(decision is None for decision in decisions):
        return say(
            "it returned None on every leg: nothing was decided, and so nothing is right; let it return "
            "its decision, or expect none: --expect null"
        )
    if decisions and all(map(holds_nan, decisions)):
        return say("there is NaN in its decision on every leg, which no expectation of its own makes right")
    return ""


def _left_out(inquiry: Inquiry, held: Judged) -> Iterator[Open]:
    """That it isn't judged on tensors that disagree, what stands before it, and what it makes of the float outputs."""
    record = inquiry.evidence.record
    first = [one for one in inquiry.findings if one.weight != "warning" and (one.proven or one.code not in BY_DECISION)]
    if not first or not (held.has_expect or record.expect_leg):
        return
    if any(one.owner == "postprocess" for one in first):
        return  # it is judged
    why = say("{codes} comes first", codes=joined(" and ", dict.fromkeys(one.code for one in first)))
    if not any(one.proven for one in first):
        why += say(", though as a hint only")
    why += say(": what the post-processor makes of tensors that disagree shows nothing of it")
    if held.has_expect and not record.expect_leg and "onnx" in held.decided:
        if "onnx" in held.wrong:
            why += say(
                "; of onnx/ it makes {decision}, expected {expected} ({how}): neither conversion nor board are in "
                "that, so it is a suspect as well",
                decision=held.told("onnx"),
                expected=told(held.expect),
                how=held.how("onnx"),
            )
            readings = record.readings
            if readings is not None and readings.expect is not None:
                why += say(
                    "; of {tried} ways of reading the outputs otherwise none is proven to explain it",
                    tried=readings.expect.tried,
                )
        else:
            why += say("; of onnx/ it makes {decision}, as expected", decision=held.told("onnx"))
    yield Open("postprocess", why)


def at_the_edge(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX406: right of the float outputs, another decision of tensors that differ from them within reason. Nobody's
    fault. The same decision with another score than the user gave stays a question: no threshold was crossed."""
    held = judged(inquiry)
    if held is None or not held.agree or held.base in held.wrong:
        return
    if not held.wrong:
        if held.moved and inquiry.evidence.record.has_expect:
            how = next(iter(held.moved.values()))
            yield Open(
                "score",
                say(
                    "right on {base}/, and the same decision with another score on {legs}: {how}; the "
                    "tensors agree: nobody is wrong; how near is near enough the expectation says with "
                    '"score_tolerance"',
                    base=held.base,
                    legs=", ".join(f"{one}/" for one in held.moved),
                    how=first_of(how),
                ),
                undecided=True,
            )
        return
    wrong = list(held.wrong)
    evidence = held.evidence()
    margin = _margin(held.decided[held.base])
    if margin is not None:
        evidence["margin"] = margin
    close = margin is not None and close_scores(margin, 0.0, USUAL.score)
    lead = say("; there the best two scores are {margin:.3g} apart", margin=margin) if close else ""
    yield found(
        "AX406",
        say(
            "the post-processor is right on {base}/ and not on {legs}, though the tensors agree: a "
            "decision hangs by less than the difference ({how})",
            base=held.base,
            legs=", ".join(f"{leg}/" for leg in wrong),
            how=held.how(wrong[0]),
        )
        + lead,
        evidence,
        weight="inconclusive",
    )


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX405: a wrong result of the float outputs already, and no misreading explains it. A hint: what the float model
    itself gets wrong looks alike, and only golden/ tells."""
    held = judged(inquiry)
    if held is None:
        return
    if not held.agree:
        yield from _left_out(inquiry, held)
        return
    if held.base not in held.wrong:
        return
    base = held.base
    if any(one.code in BY_DECISION and one.weight == "fault" for one in inquiry.findings):
        return  # another front end explains it: specific before general
    if held.cleared_by_golden:
        yield Open(
            "golden -> onnx",
            say(
                "the post-processor makes {golden} of golden/ and {decision} of {base}/ ({how}): not the "
                "post-processor, but configuration or preparation of the input (AX103 to AX106), which isn't "
                "split further",
                golden=told(held.expect),
                decision=held.told(base),
                base=base,
                how=held.how(base),
            ),
            undecided=True,
        )
        return
    readings = inquiry.evidence.record.readings
    evidence = held.evidence()
    tried: str = ""
    if readings is not None and readings.expect is not None:
        evidence["readings_tried"] = readings.expect.tried
        tried = say(
            "; none of {tried} ways of reading the outputs otherwise makes it right", tried=readings.expect.tried
        )
    how, plainly = held.how(base), other_than(told(held.expect), held.told(base))
    yield found(
        "AX405",
        say(
            "float model, simulator and board agree, and of {base}/ the post-processor makes {decision}, "
            "expected {expected}",
            base=base,
            decision=held.told(base),
            expected=told(held.expect),
        )
        + ("" if how == plainly else say(" ({how})", how=how))
        + tried,
        evidence,
    )


def _margin(decision: object) -> float | None:
    """How far the best two scores lie apart, where a decision says so."""
    top = as_top(decision)
    scores = [entry.score for entry in top or [] if entry.score is not None]
    return scores[0] - scores[1] if len(scores) > 1 else None
