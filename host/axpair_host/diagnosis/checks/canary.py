"""Does the board still do a known-good case?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from axpair_proto.sentences import say
from axpair_proto.text import first_names

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import CanaryFacts, CanaryRun


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX005: a case whose right bytes are known came back otherwise. Nothing else is judged then."""
    facts = inquiry.evidence.record.canary
    if facts is not None and (finding := unfit(facts)) is not None:
        yield replace(finding, outputs=tuple(output.name for output in inquiry.outputs))


def unfit(canary: CanaryFacts) -> Finding | None:
    """AX005 where a run of the known-good case didn't give its known bytes; None where all did."""
    wrong = [run for run in canary.runs if run.failure is not None or run.outputs != canary.expected]
    if not wrong:
        return None
    finding = found(
        "AX005",
        say("the known-good case {gt!r} {how}, {when}", gt=canary.gt, how=_how(canary, wrong[0]), when=_when(wrong)),
        {
            "canary": canary.gt,
            "joint_sha256": canary.joint_sha256,
            "wrong": [run.when for run in wrong],
            "expected": canary.expected,
            "seen": {run.when: run.outputs for run in canary.runs},
            "failures": {run.when: run.failure.message for run in wrong if run.failure is not None},
        },
        proven=True,
        settles=("board",),
    )
    return replace(finding, ends=True)


def _when(wrong: Sequence[CanaryRun]) -> str:
    if len(wrong) > 1:
        return say("before the rest and again after it")
    return say("before the rest") if wrong[0].when == "before" else say("after the rest")


def _how(canary: CanaryFacts, run: CanaryRun) -> str:
    if run.failure is not None:
        return say("failed on the board: {message}", message=run.failure.message)
    names = [name for name, digest in canary.expected.items() if run.outputs.get(name) != digest]
    if not names:
        return say("gave other bytes than those known for its outputs")
    return say("gave other bytes than those known for {names}", names=first_names([repr(name) for name in names]))
