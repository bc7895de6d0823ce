"""Stored evidence judged again with another post-processor, expectation or observation."""

from dataclasses import dataclass
from typing import Any

import msgspec

from axpair_host.evidence.folder import Evidence
from axpair_host.postprocess.applying import apply
from axpair_host.postprocess.comparable import check_forms
from axpair_host.postprocess.expect import Expected
from axpair_host.postprocess.loading import Postprocessor
from axpair_host.postprocess.readings import try_readings


@dataclass
class Rejudged:
    """Evidence under what was said anew, and `axpair_host.diagnosis.asks.Asks` with the post-processor alone."""

    evidence: Evidence
    """With everything that was asked for so far."""
    postprocessor: Postprocessor | None = None

    def get(self, what: str) -> Evidence | None:
        """Ways of reading the outputs can be tried without a board; nothing else can be had."""
        if what != "readings" or self.postprocessor is None:
            return None
        found = try_readings(self.postprocessor, self.evidence)
        if found is None:
            return None
        self.evidence = self.evidence.with_record(msgspec.structs.replace(self.evidence.record, readings=found))
        return self.evidence


def rejudged(
    evidence: Evidence, postprocessor: Postprocessor | None, expected: Expected, observed: Expected
) -> Rejudged:
    """The evidence with what is given in place of what was recorded; readings that were tried before then fall away.

    Raises PostprocessError where the post-processor fails on every leg, FormsDiffer where what is given can't be
    compared with what it makes.
    """
    changes: dict[str, Any] = {}
    if expected.given or expected.leg:
        changes |= {"expect": expected.value, "has_expect": expected.given, "expect_leg": expected.leg}
    if postprocessor is not None:
        expect = changes.get("expect", evidence.record.expect)
        changes["postprocess"] = apply(postprocessor, evidence.legs, expect)
    if observed.given:
        changes |= {"observed": observed.value, "has_observed": True}
    if changes:
        evidence = evidence.with_record(msgspec.structs.replace(evidence.record, readings=None, **changes))
    check_forms(evidence.record)
    return Rejudged(evidence, postprocessor)
