"""Which cases of a run stay: those that together show every distinct finding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from axpair_host.documents import VerdictWord
from axpair_host.documents.reduced import DistinctFinding
from axpair_host.reduce.cover import Shown, smallest_cover
from axpair_host.reduce.signature import signature_of
from axpair_host.replay.row import BAD_INPUT, Row


@dataclass(frozen=True)
class Chosen:
    """The smallest subset, and what it stands for."""

    kept: tuple[Row, ...]
    distinct: tuple[DistinctFinding, ...]
    passed: int
    undecided: tuple[str, ...]
    """Ids of cases that are inconclusive without a finding: nothing tells one such from another."""
    unusable: tuple[str, ...]
    """Ids of cases whose files couldn't be used: nothing is found in those."""
    without_evidence: tuple[str, ...]
    """Ids of cases with findings whose gt folders are gone from the run, or hold something else."""

    @property
    def verdict(self) -> VerdictWord:
        """FAULT with any fault, INCONCLUSIVE with other findings, else PASS."""
        if not self.distinct:
            return "INCONCLUSIVE" if self.undecided else "PASS"
        return "FAULT" if any(one.weight == "fault" for one in self.distinct) else "INCONCLUSIVE"


def choose(rows: Sequence[Row], sizes: Mapping[str, int]) -> Chosen:
    """Choose among a run's rows; `sizes` are bytes by id of the cases whose evidence is there."""
    signatures = {row.id: [signature_of(finding) for finding in findings(row)] for row in rows}
    there = [row for row in rows if row.id in sizes]
    kept_ids = smallest_cover(Shown(row.id, frozenset(signatures[row.id]), sizes[row.id]) for row in there)
    kept = tuple(row for row in there if row.id in set(kept_ids))
    clearest = sorted(kept, key=lambda row: (len(signatures[row.id]), sizes[row.id]))
    distinct = []
    for signature in sorted({one for row in there for one in signatures[row.id]}):
        case = next(row for row in clearest if signature in signatures[row.id])
        told = findings(case)[signatures[case.id].index(signature)]
        showing = [row for row in rows if signature in signatures[row.id]]
        weights = {
            str(finding.get("weight"))
            for row in showing
            for finding, own in zip(findings(row), signatures[row.id], strict=True)
            if own == signature
        }
        weight = "fault" if "fault" in weights else "inconclusive"
        ids = tuple(row.id for row in showing)
        distinct.append(DistinctFinding(signature, weight, _summary(told), ids, case.id))
    return Chosen(
        kept=kept,
        distinct=tuple(distinct),
        undecided=tuple(row.id for row in rows if row.verdict == "INCONCLUSIVE" and not signatures[row.id]),
        passed=sum(row.verdict == "PASS" for row in rows),
        unusable=tuple(row.id for row in rows if row.verdict == BAD_INPUT),
        without_evidence=tuple(row.id for row in rows if signatures[row.id] and row.id not in sizes),
    )


def findings(row: Row) -> Sequence[Mapping[str, object]]:
    """What a row's case shows, warnings left out."""
    found = row.document.get("findings", ())
    return [one for one in found if isinstance(one, Mapping)]


def _summary(finding: Mapping[str, object]) -> str:
    said = finding.get("summary", "")
    return said if isinstance(said, str) else str(said)
