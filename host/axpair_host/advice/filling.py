"""Fills the steps of a case's document with what is known where it is read."""

import msgspec

from axpair_host.advice.commands import Filling, Known
from axpair_host.documents.pair import FindingRow, NotJudged, PairDocument
from axpair_host.documents.steps import NextStep, StepTemplate


def filled(document: PairDocument[StepTemplate], known: Known) -> PairDocument[NextStep]:
    """A verdict's document with its steps' commands as they are pasted."""
    filling = Filling(known)

    def steps(templates: tuple[StepTemplate, ...]) -> tuple[NextStep, ...]:
        return tuple(filling.step(one.text, one.template or "") for one in templates)

    def findings(rows: tuple[FindingRow[StepTemplate], ...]) -> tuple[FindingRow[NextStep], ...]:
        return tuple(FindingRow(**{**msgspec.structs.asdict(one), "next_steps": steps(one.next_steps)}) for one in rows)

    return PairDocument(
        **{
            **msgspec.structs.asdict(document),
            "findings": findings(document.findings),
            "warnings": findings(document.warnings),
            "not_judged": tuple(NotJudged(one.what, one.why, steps(one.next_steps)) for one in document.not_judged),
            "next_steps": steps(document.next_steps),
        }
    )
