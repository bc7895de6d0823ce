"""What the post-processor said of each leg, held against what is expected: what the checks of decisions start from."""

from dataclasses import dataclass
from typing import Any

from axpair_proto.sentences import joined, say

from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import PostprocessFacts, Record
from axpair_host.postprocess.agreement import compared, contradictions, differences, same_decision
from axpair_host.postprocess.decisions import told
from axpair_host.postprocess.difference import Difference, other_than

BY_DECISION = frozenset(("AX103", "AX104"))
"""Hinted at where the expected decision comes about under another front end: a rival explanation, no more."""
MISREADINGS = ("AX401", "AX402", "AX403", "AX404")
_LEGS = ("onnx", "lava_joint", "joint", "board")
_OF_THE_FLOAT = frozenset(("AX003", "AX103", "AX104", "AX106", "AX203", "AX209"))
"""Where one of these is found, other than of the board, the float outputs may be wrong themselves."""
_UNSOUND = frozenset(("AX001", "AX002", "AX006"))


@dataclass(frozen=True)
class Judged:
    """Decisions of every leg, and which of them are wrong."""

    said: PostprocessFacts
    decided: dict[str, Any]
    """Leg to decision, in the data's direction; an exception as {"raised": ...}."""
    has_expect: bool
    expect: Any
    wrong: dict[str, list[str]]
    """Leg to the ways in which its decision isn't the expected one."""
    moved: dict[str, list[str]]
    """The same for legs behind the first that decide as expected, with another score: no threshold was crossed."""
    agree: bool
    """Whether the tensors agree, and nothing else was found before."""

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
            return say("an exception ({error})", error=self.said.errors[leg])
        return told(self.decided[leg])

    def how(self, leg: str) -> str:
        """In what it differs from the expected one: the first differences, in words."""
        if leg in self.said.errors:
            return say("it failed: {error}", error=self.said.errors[leg])
        return first_of(self.wrong[leg])


@dataclass(frozen=True)
class Contradiction:
    """What the user's program said, against what comes of the outputs that it was given."""

    leg: str
    """Whose outputs, "" where no post-processor tells what comes of them."""
    right: Any
    """What a right post-processor makes of them, or what is expected."""
    how: list[str]
    """In words."""


def first_of(differences: list[str]) -> str:
    """The first ones in words, and how many more there are."""
    rest = say("; and {rest} more", rest=len(differences) - 2) if len(differences) > 2 else ""
    return joined("; ", differences[:2]) + rest


def apart(expected: Any, said: Any) -> str:
    """What was expected and what was said; in what they differ too, where both look alike."""
    plainly = other_than(told(expected), told(said))
    how = first_of(differences(expected, said))
    return plainly if not how or how == plainly else plainly + say(" ({how})", how=how)


def judged(inquiry: Inquiry) -> Judged | None:
    """None without a post-processor that decided anything."""
    said = inquiry.evidence.record.postprocess
    if said is None:
        return None
    decided = {
        leg: said.decisions.get(leg, {"raised": said.errors.get(leg)})
        for leg in _LEGS
        if leg in said.decisions or leg in said.errors
    }
    if not decided:
        return None
    has_expect, expect = expectation(inquiry.evidence.record)
    wrong: dict[str, list[str]] = {}
    moved: dict[str, list[str]] = {}
    if has_expect:
        for place, leg in enumerate(decided):
            failed = leg in said.errors
            found = [Difference(say("it failed"))] if failed else compared(expect, said.decisions[leg])
            if found:
                only_moved = place > 0 and all(one.of_score for one in found)
                (moved if only_moved else wrong)[leg] = [one.words for one in found]
    return Judged(said, decided, has_expect, expect, wrong, moved, inquiry.tensors_agree(BY_DECISION))


def float_in_doubt(inquiry: Inquiry) -> bool:
    """Whether something was found by which the float outputs themselves may be wrong: hints that rest on the decision
    alone are rivals, no more."""
    return any(
        one.weight != "warning"
        and (
            one.code in _UNSOUND
            or (
                one.code in _OF_THE_FLOAT and "board" not in one.settles and (one.proven or one.code not in BY_DECISION)
            )
        )
        for one in inquiry.findings
    )


def contradiction(inquiry: Inquiry) -> Contradiction | None:
    """Where the board gives what it should and the program said something else than comes of that. What was lost before
    the board is in both; so a decision at its threshold, or a loss, hides nothing. Where the program alone says what is
    expected, it is right.

    None where the post-processor is suspected itself, or the product's own input is proven to be another; without a
    post-processor, where the tensors don't agree all the way.
    """
    record = inquiry.evidence.record
    if not record.has_observed or not _board_agrees(inquiry):
        return None
    held = judged(inquiry)
    if any(one.owner == "postprocess" or (one.owner == "preprocess" and one.proven) for one in inquiry.findings) or (
        held is not None and held.base in held.wrong
    ):
        return None
    has_expect, expect = expectation(record)
    how = contradictions(expect, record.observed) if has_expect else []
    said = record.postprocess
    leg = next((leg for leg in ("board", "joint", "onnx") if said is not None and leg in said.decisions), "")
    if not leg:
        return Contradiction("", expect, how) if how and inquiry.tensors_agree() else None
    assert said is not None
    decision = said.decisions[leg]
    of_leg = contradictions(decision, record.observed)
    right = has_expect and not how and not same_decision(expect, decision)
    return Contradiction(leg, decision, how or of_leg) if of_leg and not right else None


def _board_agrees(inquiry: Inquiry) -> bool:
    """Whether nothing was found of the board, of the evidence or of numbers that aren't any, and something was
    compared."""
    if any(one.weight != "warning" and (one.stage == "on_board" or one.code == "AX003") for one in inquiry.findings):
        return False
    pairs = [(output, inquiry.pair("joint_board", output.name)) for output in inquiry.outputs]
    made = [pair.agrees(output.cpu_part) for output, pair in pairs if pair is not None]
    return all(made) if made else inquiry.tensors_agree()


def expectation(record: Record) -> tuple[bool, Any]:
    """Whether anything is expected, and what: as given, or what the post-processor made of the leg that was named."""
    if record.expect_leg:
        decisions = record.postprocess.decisions if record.postprocess is not None else {}
        return record.expect_leg in decisions, decisions.get(record.expect_leg)
    return record.has_expect, record.expect
