"""What all checks together say of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from axpair_proto.sentences import say

from axpair_host.advice.commands import Step
from axpair_host.compare.lines import ACROSS_CASES
from axpair_host.diagnosis import decided, opinion, switch_table
from axpair_host.diagnosis.finding import Finding, Open
from axpair_host.diagnosis.headlines import headlines
from axpair_host.diagnosis.inquiry import PAIRS, Inquiry
from axpair_host.diagnosis.zeros import seen_first
from axpair_host.documents.json_form import json_form

SCHEMA_VERSION = 1
Word = Literal["PASS", "FAULT", "INCONCLUSIVE"]


@dataclass(frozen=True)
class Verdict:
    """FAULT when any finding is a fault, INCONCLUSIVE when something points somewhere but more evidence is needed,
    or when nothing could be compared; else PASS. The first finding is the verdict's own; `headlines` in the document
    has the codes of each thing that is wrong by itself."""

    verdict: Word
    findings: tuple[Finding, ...]
    """Proofs and what was seen of the board first, then hints; each in the ladder's order, faults before what is
    inconclusive."""
    warnings: tuple[Finding, ...]
    """Findings that change nothing of the verdict, such as a digest that no longer fits."""
    not_judged: tuple[Open, ...]
    """What could not be judged, and why."""
    inquiry: Inquiry = field(repr=False, compare=False)

    @property
    def owner(self) -> str:
        """Where it arises: "none" for PASS, "unknown" where nothing is named, or two that the same evidence fits."""
        if self.findings:
            return _one_of([one.owner for one in headlines(self.findings)[0]], "unknown")
        return "none" if self.verdict == "PASS" else "unknown"

    def document(self) -> dict[str, Any]:
        """The judged half of pair.json, and what `--json` prints, but for the commands of its steps, which
        `axpair_host.advice` fills in. No value in it is NaN or infinite."""
        record = self.inquiry.evidence.record
        groups = headlines(self.findings)
        first = groups[0] if groups else []
        vendor = opinion.vendor_saw_it(self.inquiry)
        return {
            "schema_version": SCHEMA_VERSION,
            "case": record.case.id,
            "verdict": self.verdict,
            "owner": self.owner,
            "stage": first[0].stage if first else None,
            "side": _one_of([one.side for one in first], "undecided") if first else None,
            "seen_first": seen_first(self.inquiry) if self.verdict != "PASS" else [],
            "headlines": [[one.code for one in group] for group in groups],
            "simulator": record.simulator,
            "findings": [one.document(vendor) for one in self.findings],
            "warnings": [one.document(vendor) for one in self.warnings],
            "outputs": [_output(self.inquiry, output.name) for output in self.inquiry.outputs],
            "not_judged": [one.document() for one in self.not_judged],
            "next_steps": [one.document() for one in _completing(self.not_judged)],
            "decisions": decided.table(self.inquiry),
            "board": _board(self.inquiry),
            "second_opinion": opinion.document(self.inquiry),
            "switches": switch_table.rows(self.inquiry),
            "versions": dict(record.versions),
            "timings": dict(record.timings),
        }


def _completing(opens: Sequence[Open]) -> list[Step]:
    """One call that brings all that is missing."""
    lacking = dict.fromkeys(one.lacks for one in opens if one.lacks)
    return [Step(say("To have that judged too:"), " ".join(["{pair}", *lacking]))] if lacking else []


def _one_of(values: Sequence[str], otherwise: str) -> str:
    """What all say, else that."""
    return values[0] if len(set(values)) == 1 else otherwise


def _output(inquiry: Inquiry, name: str) -> dict[str, Any]:
    facts = next(one for one in inquiry.outputs if one.name == name)
    document: dict[str, Any] = {
        "name": name,
        "dtype": facts.dtype,
        "shape": list(facts.shape),
        "layout": facts.layout,
        "step": facts.step or None,
        "cpu_part": facts.cpu_part,
    }
    for pair in PAIRS:
        comparison = inquiry.pair(pair, name)
        document[pair] = json_form(comparison.document()) if comparison is not None else None
    if lines := _lines(inquiry, name):
        document["lines"] = lines
    return document


def _lines(inquiry: Inquiry, name: str) -> list[dict[str, Any]]:
    """The user's own lines for an output, and how it stands with them."""
    comparison = inquiry.pair(inquiry.judged_pair, name)
    lines = [one for one in inquiry.settings.lines if one.output == name and one.metric not in ACROSS_CASES]
    return [json_form(one.held(comparison)) for one in lines]


def _board(inquiry: Inquiry) -> Mapping[str, Any] | None:
    board = inquiry.evidence.record.board
    if board is None:
        return None
    return {
        "url": board.url,
        "versions": dict(board.versions),
        "tools_version": board.tools_version,
        "rounds": [
            {
                "kind": one.kind,
                "number": one.number,
                "worker_generation": one.worker_generation,
                "run_us": one.run_us,
                "failed": one.failure.kind if one.failure else None,
            }
            for one in board.rounds
        ],
    }
