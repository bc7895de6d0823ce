"""What the post-processor said of each leg, held against what is expected: what the checks of decisions start from."""

from dataclasses import dataclass
from typing import Any

from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import PostprocessFacts, Record
from axpair_host.postprocess.agreement import differences
from axpair_host.postprocess.decisions import told

BY_DECISION = frozenset(("AX103", "AX104"))
"""Hinted at where the expected decision comes about under another front end: a rival explanation, no more."""
_LEGS = ("onnx", "lava_joint", "joint", "board")


@dataclass(frozen=True)
class Judged:
    """Decisions on tensors that agree, and which of them are wrong."""

    said: PostprocessFacts
    decided: dict[str, Any]
    """Leg to decision, in the data's direction; an exception as {"raised": ...}."""
    has_expect: bool
    expect: Any
    wrong: dict[str, list[str]]
    """Leg to the ways in which its decision isn't the expected one."""

    @property
    def base(self) -> str:
        """The first leg: what is wrong there already is no conversion's and no board's."""
        return next(iter(self.decided))

    @property
    def cleared_by_golden(self) -> bool:
        """Whether the post-processor is right on the training code's own outputs."""
        golden = self.said.decisions.get("golden")
        return "golden" in self.said.decisions and not differences(self.expect, golden)

    def evidence(self) -> dict[str, Any]:
        """JSON-able: what was expected and what was said."""
        return {"expect": self.expect, "decisions": self.decided, "postprocess": self.said.spec}

    def told(self, leg: str) -> str:
        """The leg's decision in words."""
        if leg in self.said.errors:
            return f"an exception ({self.said.errors[leg]})"
        return told(self.decided[leg])

    def how(self, leg: str) -> str:
        """In what it differs from the expected one: the first differences, in words."""
        if leg in self.said.errors:
            return f"it failed: {self.said.errors[leg]}"
        found = self.wrong[leg]
        return "; ".join(found[:2]) + (f"; and {len(found) - 2} more" if len(found) > 2 else "")


def judged(inquiry: Inquiry) -> Judged | None:
    """None without a post-processor, and where the tensors don't agree or something else was found before."""
    said = inquiry.evidence.record.postprocess
    if said is None or not inquiry.tensors_agree(BY_DECISION):
        return None
    decided = {
        leg: said.decisions.get(leg, {"raised": said.errors.get(leg)})
        for leg in _LEGS
        if leg in said.decisions or leg in said.errors
    }
    if not decided:
        return None
    has_expect, expect = expectation(inquiry.evidence.record)
    wrong = {}
    if has_expect:
        for leg in decided:
            found = ["it failed"] if leg in said.errors else differences(expect, said.decisions[leg])
            if found:
                wrong[leg] = found
    return Judged(said, decided, has_expect, expect, wrong)


def expectation(record: Record) -> tuple[bool, Any]:
    """Whether anything is expected, and what: as given, or what the post-processor made of the leg that was named."""
    if record.expect_leg:
        decisions = record.postprocess.decisions if record.postprocess is not None else {}
        return record.expect_leg in decisions, decisions.get(record.expect_leg)
    return record.has_expect, record.expect
