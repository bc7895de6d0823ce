"""A hint: what looks wrong, and the command that would prove it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from axpair_proto.sentences import Sentence

from axpair_host.advice.commands import Step


@dataclass(frozen=True)
class Hint:
    """Something that often is a mistake."""

    kind: str
    """In a word, such as "order" or "duplicates"."""
    code: str
    """Of the fault book: what it ends as, if it is one."""
    summary: str
    """With the values: a sentence."""
    prove: str
    """What to do next: a change to try, or what the command is for."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    """As a step has it, with fields."""

    def document(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "kind": self.kind,
            "code": self.code,
            "summary": Sentence.of(self.summary),
            "prove": Step(Sentence.of(self.prove), self.command).document(),
            "evidence": dict(self.evidence),
        }


@dataclass(frozen=True)
class Passed:
    """Something that couldn't be looked at, and why."""

    what: str
    why: str
    lacks: str = ""
    """The option, with its field, that would let it be looked at."""

    def document(self) -> dict[str, Any]:
        """JSON form."""
        return {"what": self.what, "why": Sentence.of(self.why)}


GOLDEN = "{pair} --golden {golden}"
"""What proves a wrong front end."""
PROVEN = "what the training code feeds its own model with (docs/golden.md) proves it:"
"""Before that."""
