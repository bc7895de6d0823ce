"""What all checks together say of a case."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from axpair_proto.sentences import say
from msgspec import UNSET

from axpair_host.advice.commands import Step
from axpair_host.compare.lines import ACROSS_CASES
from axpair_host.diagnosis import decided, opinion, switch_table
from axpair_host.diagnosis.finding import Finding, Open, templates
from axpair_host.diagnosis.headlines import headlines
from axpair_host.diagnosis.inquiry import PAIRS, Inquiry
from axpair_host.diagnosis.zeros import seen_first
from axpair_host.documents import VerdictWord
from axpair_host.documents.compared import HeldLine
from axpair_host.documents.pair import SCHEMA_VERSION, BoardRound, BoardRow, OutputRow, PairDocument
from axpair_host.documents.steps import StepTemplate


@dataclass(frozen=True)
class Verdict:
    """FAULT when any finding is a fault, INCONCLUSIVE when something points somewhere but more evidence is needed,
    or when nothing could be compared; else PASS. The first finding is the verdict's own; `headlines` in the document
    has the codes of each thing that is wrong by itself."""

    verdict: VerdictWord
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

    def document(self) -> PairDocument[StepTemplate]:
        """The judged half of pair.json, and what `--json` prints, but for the commands of its steps, which
        `axpair_host.advice` fills in. No value in it is NaN or infinite."""
        record = self.inquiry.evidence.record
        groups = headlines(self.findings)
        first = groups[0] if groups else []
        vendor = opinion.vendor_saw_it(self.inquiry)
        return PairDocument(
            schema_version=SCHEMA_VERSION,
            case=record.case.id,
            verdict=self.verdict,
            owner=self.owner,
            stage=first[0].stage if first else None,
            side=_one_of([one.side for one in first], "undecided") if first else None,
            seen_first=tuple(seen_first(self.inquiry) if self.verdict != "PASS" else ()),
            headlines=tuple(tuple(one.code for one in group) for group in groups),
            simulator=record.simulator,
            findings=tuple(one.row(vendor) for one in self.findings),
            warnings=tuple(one.row(vendor) for one in self.warnings),
            outputs=tuple(_output(self.inquiry, output.name) for output in self.inquiry.outputs),
            not_judged=tuple(one.row for one in self.not_judged),
            next_steps=templates(_completing(self.not_judged)),
            decisions=decided.table(self.inquiry),
            board=_board(self.inquiry),
            second_opinion=opinion.row(self.inquiry),
            switches=switch_table.rows(self.inquiry),
            versions=dict(record.versions),
            timings=dict(record.timings),
        )


def _completing(opens: Sequence[Open]) -> list[Step]:
    """One call that brings all that is missing."""
    lacking = dict.fromkeys(one.lacks for one in opens if one.lacks)
    return [Step(say("To have that judged too:"), " ".join(["{pair}", *lacking]))] if lacking else []


def _one_of(values: Sequence[str], otherwise: str) -> str:
    """What all say, else that."""
    return values[0] if len(set(values)) == 1 else otherwise


def _output(inquiry: Inquiry, name: str) -> OutputRow:
    facts = next(one for one in inquiry.outputs if one.name == name)
    compared = {pair: inquiry.pair(pair, name) for pair in PAIRS}
    return OutputRow(
        name,
        facts.dtype,
        facts.shape,
        facts.layout,
        facts.step or None,
        facts.cpu_part,
        **{pair: one.document() if one is not None else None for pair, one in compared.items()},
        lines=_lines(inquiry, name) or UNSET,
    )


def _lines(inquiry: Inquiry, name: str) -> tuple[HeldLine, ...]:
    """The user's own lines for an output, and how it stands with them."""
    comparison = inquiry.pair(inquiry.judged_pair, name)
    lines = [one for one in inquiry.settings.lines if one.output == name and one.metric not in ACROSS_CASES]
    return tuple(one.held(comparison) for one in lines)


def _board(inquiry: Inquiry) -> BoardRow | None:
    board = inquiry.evidence.record.board
    if board is None:
        return None
    rounds = (
        BoardRound(
            one.kind,
            one.number,
            one.worker_generation,
            one.run_us,
            one.failure.kind if one.failure else None,
        )
        for one in board.rounds
    )
    return BoardRow(board.url, dict(board.versions), board.tools_version, tuple(rounds))
