"""Fills the steps of a case's document with what is known where it is read."""

from typing import Any

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

    fields: dict[str, Any] = msgspec.structs.asdict(document)
    fields["findings"], fields["warnings"] = findings(document.findings), findings(document.warnings)
    fields["not_judged"] = tuple(NotJudged(one.what, one.why, steps(one.next_steps)) for one in document.not_judged)
    fields["next_steps"] = steps(document.next_steps)
    return PairDocument(**fields)
