"""What a board that failed its known-good case leaves of a replay: every case of that call, none of them judged."""

from collections.abc import Iterable, Mapping

from axpair_host.diagnosis.finding import Finding
from axpair_host.diagnosis.legs import not_judged_behind
from axpair_host.documents.json_form import json_form
from axpair_host.documents.pair import SCHEMA_VERSION, PairDocument
from axpair_host.replay.cases import Case
from axpair_host.replay.keeping import drop
from axpair_host.replay.row import BAD_INPUT, Row
from axpair_host.replay.store import Run


def disown(run: Run, cases: Iterable[Case], digests: Mapping[str, str], finding: Finding, simulator: str) -> None:
    """Replace the rows of these cases, and drop what was kept of them; files that can't be used stay what they are."""
    unusable = {row.id for row in run.rows() if row.verdict == BAD_INPUT}
    for case in cases:
        if case.id in unusable:
            continue
        document = PairDocument(
            schema_version=SCHEMA_VERSION,
            case=case.id,
            verdict="FAULT",
            owner=finding.owner,
            stage=finding.stage,
            side=finding.side,
            seen_first=(),
            headlines=((finding.code,),),
            simulator=simulator,
            findings=(finding.row(False),),
            warnings=(),
            outputs=(),
            not_judged=(not_judged_behind(finding, case.id).row,),
            next_steps=(),
            decisions=None,
            board=None,
            second_opinion=None,
            switches=None,
            versions={},
            timings={},
        )
        run.add(Row.judged(case.id, digests[case.id], "", json_form(document)))
        drop(run, case.folder)
