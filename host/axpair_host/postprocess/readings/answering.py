"""Which readings to try for a case, and trying them: the answer to a check that wants to know."""

from axpair_host.evidence.folder import Evidence
from axpair_host.evidence.readings import ReadingsFacts
from axpair_host.postprocess.agreement import contradictions, same_decision
from axpair_host.postprocess.loading import Postprocessor
from axpair_host.postprocess.readings.explaining import explain

_LEGS = ("onnx", "lava_joint", "joint", "board")


def try_readings(postprocessor: Postprocessor, evidence: Evidence) -> ReadingsFacts | None:
    """Readings under which it says what is expected, where it doesn't; else those under which it
    says what the user's program said, where that is something else. None where neither is in question."""
    record = evidence.record
    said = record.postprocess
    if said is None:
        return None
    first = next((leg for leg in _LEGS if leg in said.decisions or leg in said.errors), None)
    expect = said.decisions.get(record.expect_leg) if record.expect_leg else record.expect
    has_expect = record.expect_leg in said.decisions if record.expect_leg else record.has_expect
    if first is not None and has_expect:
        right = first in said.decisions and same_decision(expect, said.decisions[first])
        if not right:
            tried = explain(postprocessor, evidence.outputs, evidence.leg(first), expect, "undo")
            return ReadingsFacts(first, expect=tried)
    last = next((leg for leg in ("board", "joint", "onnx") if leg in said.decisions), None)
    if last is not None and record.has_observed and contradictions(said.decisions[last], record.observed):
        tried = explain(postprocessor, evidence.outputs, evidence.leg(last), record.observed, "suffer")
        return ReadingsFacts(last, observed=tried)
    return None
