"""Walks the ladder: asks every question in order, fetches what a check wants, and weighs what was found."""

from dataclasses import replace

from axpair_host.codebook import entries
from axpair_host.diagnosis.asks import Asks, Wants
from axpair_host.diagnosis.finding import Finding, Open
from axpair_host.diagnosis.headlines import pointed, ranked
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.diagnosis.ladder import LADDER
from axpair_host.diagnosis.legs import not_judged, not_judged_behind, unread
from axpair_host.diagnosis.opinion import weighed
from axpair_host.diagnosis.settings import Settings
from axpair_host.diagnosis.verdict import Verdict
from axpair_host.documents import VerdictWord
from axpair_host.evidence.folder import Evidence


def diagnose(evidence: Evidence, settings: Settings | None = None, asks: Asks | None = None) -> Verdict:
    """Judge one case. With `asks`, what checks want is fetched once and the whole ladder is walked again, so that
    the stored folder gives the same verdict afterwards as the live session gave.

    Raises EvidenceError when a tensor can't be read.
    """
    settings = settings or Settings()
    refused: set[str] = set()
    while True:
        inquiry, opens, wants = _walk(evidence, settings, refused)
        if wants is None or asks is None:
            return _weigh(inquiry, opens)
        fetched = asks.get(wants.what)
        refused.add(wants.what)
        if fetched is not None:
            evidence = fetched


def _walk(evidence: Evidence, settings: Settings, asked: set[str]) -> tuple[Inquiry, list[Open], Wants | None]:
    """Ask every question once. The first thing wanted that hasn't been asked for yet comes back."""
    inquiry = Inquiry(evidence, settings)
    opens = not_judged(inquiry)
    first: Wants | None = None
    for check in LADDER:
        for result in check.ask(inquiry):
            if isinstance(result, Wants):
                if result.what not in asked:
                    first = first or result
                opens.append(Open(result.what, result.lacking, steps=result.steps))
                for instead in result.otherwise:
                    _take(inquiry, opens, instead)
            else:
                _take(inquiry, opens, result)
        if ending := next((one for one in inquiry.findings if one.ends), None):
            return inquiry, [not_judged_behind(ending, evidence.record.case.id)], None
    return inquiry, [*opens, *unread(inquiry)], first


def _take(inquiry: Inquiry, opens: list[Open], result: Finding | Open) -> None:
    if isinstance(result, Finding):
        inquiry.findings.append(_beside_the_bytes(inquiry, result))
    else:
        opens.append(result)


def _weigh(inquiry: Inquiry, opens: list[Open]) -> Verdict:
    findings = [weighed(inquiry, one) for one in inquiry.findings]
    weights = {one.weight for one in findings}
    compared = any(
        inquiry.pair(pair, output.name) is not None
        for output in inquiry.outputs
        for pair in ("onnx_joint", "joint_board")
    )
    undecided = any(one.undecided for one in opens)
    word: VerdictWord = "PASS"
    if "fault" in weights:
        word = "FAULT"
    elif "inconclusive" in weights or undecided or not compared:
        word = "INCONCLUSIVE"
    return Verdict(
        verdict=word,
        findings=pointed(ranked(findings)),
        warnings=tuple(one for one in findings if one.weight == "warning"),
        not_judged=tuple(dict.fromkeys(opens)),
        inquiry=inquiry,
    )


def _beside_the_bytes(inquiry: Inquiry, finding: Finding) -> Finding:
    """Bytes before words: where the board gives the simulator's bytes, what logs, versions or names say otherwise
    accuses nobody."""
    if inquiry.board_is_right and entries()[finding.code].words:
        return replace(finding, weight="warning", settles=(), next_steps=())
    return finding
