"""The table of decisions: what the post-processor makes of each leg, and in what that isn't what is expected."""

from typing import Any

from axpair_proto.sentences import say

from axpair_host.diagnosis.checks.judged import expectation
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.documents.pair import DecisionRow, DecisionTable
from axpair_host.postprocess.agreement import contradictions, differences, only_scores_differ
from axpair_host.postprocess.decisions import told

_LEGS = ("golden", "onnx", "lava_joint", "joint", "board")


def table(inquiry: Inquiry) -> DecisionTable | None:
    """What is expected, and a row for each leg that was decided; None where nothing was."""
    record = inquiry.evidence.record
    said = record.postprocess
    has_expect, expect = expectation(record)
    rows = []
    if said is not None:
        for leg in _LEGS:
            if leg in said.errors:
                rows.append(DecisionRow(leg, say("failed: {why}", why=said.errors[leg]), (say("it failed"),)))
            elif leg in said.decisions:
                rows.append(_row(leg, said.decisions[leg], has_expect, expect))
    if record.has_observed:
        differs = tuple(contradictions(expect, record.observed)) if has_expect else None
        rows.append(DecisionRow("program", told(record.observed), differs))
    if not rows:
        return None
    return DecisionTable(
        said.spec if said is not None else None,
        told(expect) if has_expect else None,
        record.expect_leg or None,
        tuple(rows),
    )


def _row(leg: str, decision: Any, has_expect: bool, expect: Any) -> DecisionRow:
    differs = differences(expect, decision) if has_expect else None
    if differs and only_scores_differ(expect, decision):
        differs = [say("the same with another score: {how}", how=differs[0]), *differs[1:]]
    return DecisionRow(leg, told(decision), None if differs is None else tuple(differs))
