"""What a check found: a fault with its evidence, or a question that stays open.

Two things may be proven or not. That the *explanation* holds (`proven`): the bytes, or the decisions, agree under
exactly one. That the *owner* is who the code names (`owner_proven`): for the board and for the toolchain only the
vendor's own tool can show that, on that board, with its log kept. Seen through our worker alone, a board finding
keeps the code's owner, since that is where the evidence points and where to go on, but it is said that the worker
could still be at fault. So the emulated board's stale output ends as AX302, board, explanation proven, owner not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import UNSET

from axpair_host.advice.commands import Step
from axpair_host.codebook import entries
from axpair_host.documents.pair import FindingRow, NotJudged
from axpair_host.documents.steps import StepTemplate

Weight = Literal["fault", "inconclusive", "warning"]
"""fault: makes the verdict FAULT. inconclusive: points somewhere, but more evidence is needed. warning: neither."""

Matter = Literal["board", "conversion"]
"""What a finding settles for its outputs, so that no general check names them again."""


ByVendor = Literal["", "same", "right", "other"]
"""What the vendor's own command showed beside it: the same, the simulator's bytes, or yet another fault."""


@dataclass(frozen=True)
class Finding:
    """One finding. Made by `found`, which takes from the fault book what isn't said."""

    code: str
    owner: str
    stage: str
    side: str
    summary: str
    """What was observed, with the values: one or two sentences for people."""
    evidence: Mapping[str, Any]
    """The numbers behind it, JSON-able, without NaN and infinities."""
    next_steps: tuple[Step, ...]
    proven: bool = False
    weight: Weight = "fault"
    outputs: tuple[str, ...] = ()
    settles: tuple[Matter, ...] = ()
    cosine_if_fixed: float | None = None
    """Worst cosine against the float model if this alone were mended; None where that isn't known."""
    by_vendor: ByVendor = ""
    rivals: tuple[str, ...] = ()
    """Codes that the very same evidence fits as well, each a finding of its own beside it."""
    headline: str = ""
    """What stands in the headline for the title, where that says more than was seen; "" for the title."""
    ends: bool = False
    """Whether nothing else of the case is judged because of it."""

    def row(self, vendor_saw_it: bool) -> FindingRow[StepTemplate]:
        """As the document has it. `vendor_saw_it`: whether the board's bytes came from the vendor's own tool."""
        title = entries()[self.code].title
        return FindingRow(
            code=self.code,
            owner=self.owner,
            stage=self.stage,
            side=self.side,
            proven=self.proven,
            owner_proven=self.by_vendor == "same"
            or (self.proven and (vendor_saw_it or self.owner not in ("board", "toolchain"))),
            by_vendor=self.by_vendor or None,
            rivals=self.rivals,
            weight=self.weight,
            title=title,
            headline=self.headline or title,
            summary=self.summary,
            outputs=self.outputs,
            evidence=dict(self.evidence),
            cosine_if_fixed=self.cosine_if_fixed,
            next_steps=templates(self.next_steps),
        )


@dataclass(frozen=True)
class Open:
    """Something that this evidence can't answer."""

    what: str
    """A leg, a pair of legs, or a question in a word."""
    why: str
    undecided: bool = False
    """Whether the evidence itself raises the question: without a fault the verdict is then INCONCLUSIVE."""
    steps: tuple[Step, ...] = ()
    """What would answer it."""
    lacks: str = ""
    """The option of `axpair pair`, with its field, that would bring what is missing."""

    @property
    def row(self) -> NotJudged[StepTemplate]:
        """As the document has it."""
        return NotJudged(self.what, self.why, templates(self.steps))


def templates(steps: Iterable[Step]) -> tuple[StepTemplate, ...]:
    """Steps as documents are stored with them."""
    return tuple(StepTemplate(one.text, one.command or UNSET) for one in steps)


def found(
    code: str,
    summary: str,
    evidence: Mapping[str, Any],
    *,
    owner: str | None = None,
    stage: str | None = None,
    side: str | None = None,
    proven: bool = False,
    weight: Weight = "fault",
    outputs: tuple[str, ...] = (),
    settles: tuple[Matter, ...] = (),
    cosine_if_fixed: float | None = None,
    next_steps: tuple[Step, ...] = (),
    entry_steps: bool = True,
    rivals: tuple[str, ...] = (),
    headline: str = "",
    without_steps: tuple[str, ...] = (),
) -> Finding:
    """A finding of a code of the book; owner, stage and side are the entry's unless given, `next_steps` come before
    the entry's own, or instead of them without `entry_steps`, where what is known here makes those wrong; those of the
    entry's whose commands hold words of `without_steps` are left out."""
    entry = entries()[code]
    owner = owner or entry.owners[0]
    if owner not in entry.owners:
        raise ValueError(f"{code} has no owner {owner!r}")
    # What doesn't change the verdict asks for nothing, unless the check itself does.
    steps = entry.next_steps if entry_steps and weight != "warning" else ()
    return Finding(
        code=code,
        owner=owner,
        stage=stage or entry.stage,
        side=side or entry.side,
        summary=summary,
        evidence=evidence,
        next_steps=(*next_steps, *(one for one in steps if not any(words in one.command for words in without_steps))),
        proven=proven,
        weight=weight,
        outputs=outputs,
        settles=settles,
        cosine_if_fixed=cosine_if_fixed,
        rivals=rivals,
        headline=headline,
    )
