"""What a run's rows say together: counts, and the worst cosine of each output in each comparison."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from axpair_proto.sentences import say

from axpair_host.compare.lines import ACROSS_CASES, METRICS, Line
from axpair_host.documents.replayed import SummaryRow, WorstCosine
from axpair_host.replay.row import BAD_INPUT, Row
from axpair_host.replay.similarity import Similarity

VERDICTS = ("PASS", "FAULT", "INCONCLUSIVE", BAD_INPUT)


@dataclass(frozen=True)
class Summary:
    """A run at a glance."""

    cases: int
    verdicts: dict[str, int]
    codes: dict[str, int]
    """How many cases have the code as their first finding; most frequent first."""
    owners: dict[str, int]
    """The same for where it arises; only of cases with a fault."""
    worst: tuple[WorstCosine, ...]
    warnings: dict[str, int] = field(default_factory=dict)
    """How many cases have the code as a warning; most frequent first."""
    similarities: tuple[Similarity, ...] = ()
    """What a loss does to the similarity of two cases, of outputs that are vectors."""
    missed: tuple[str, ...] = ()
    """The user's lines over all cases that don't hold, a clause each."""
    earlier: int = 0
    """How many of the cases were finished by an earlier call."""
    left: int = 0
    """How many are still to be run."""

    def exit_code(self) -> int:
        """1 with any fault or missed line, else 3 with any that is inconclusive, else 2 with any that could not be
        used, else 0."""
        if self.missed:
            return 1
        for verdict, code in (("FAULT", 1), ("INCONCLUSIVE", 3), (BAD_INPUT, 2)):
            if self.verdicts[verdict]:
                return code
        return 0

    @property
    def row(self) -> SummaryRow:
        """The `summary` of --json."""
        return SummaryRow(
            cases=self.cases,
            verdicts=self.verdicts,
            codes=self.codes,
            owners=self.owners,
            worst=self.worst,
            warnings=self.warnings,
            similarities=tuple(one.row for one in self.similarities),
            missed=self.missed,
            earlier=self.earlier,
            left=self.left,
        )


def summarise(
    rows: Sequence[Row],
    similar: Sequence[Similarity] = (),
    lines: Iterable[Line] = (),
    *,
    earlier: int = 0,
    left: int = 0,
) -> Summary:
    """Summarise rows that are ordered by id: of equally bad cases the first is named."""
    verdicts = Counter(row.verdict for row in rows)
    faults = [row for row in rows if row.verdict == "FAULT"]
    return Summary(
        cases=len(rows),
        verdicts={verdict: verdicts[verdict] for verdict in VERDICTS},
        codes=_by_count(Counter(row.code for row in rows if row.code)),
        owners=_by_count(Counter(row.owner for row in faults if row.owner)),
        worst=_worst(rows),
        warnings=_by_count(Counter(code for row in rows for code in row.warnings())),
        similarities=tuple(similar),
        missed=tuple(_missed(similar, lines)),
        earlier=earlier,
        left=left,
    )


def _missed(similar: Sequence[Similarity], lines: Iterable[Line]) -> Iterator[str]:
    by_output = {one.output: one for one in similar}
    for line in lines:
        if line.metric not in ACROSS_CASES:
            continue
        metric, found = METRICS[line.metric], by_output.get(line.output)
        value = found.value(line.metric) if found is not None else None
        if value is None:
            yield say("{line}: nothing was measured: no two cases have this output as a vector", line=line.text)
        elif not metric.holds(value, line.value):
            yield say("{line}: {value}", line=line.text, value=metric.told(value))


def _by_count(counts: "Counter[str]") -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _worst(rows: Sequence[Row]) -> tuple[WorstCosine, ...]:
    lowest: dict[tuple[str, str], WorstCosine] = {}
    for row in rows:
        for metric in row.metrics():
            if metric.cosine is None:
                continue
            key = metric.output, metric.legs
            if key not in lowest or metric.cosine < lowest[key].cosine:
                lowest[key] = WorstCosine(metric.output, metric.legs, metric.cosine, row.id)
    return tuple(lowest.values())
