"""A hint: what looks wrong, and the command that would prove it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from axpair_proto.sentences import Sentence


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
    """What to do next: a command, or a change to try."""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "kind": self.kind,
            "code": self.code,
            "summary": Sentence.of(self.summary),
            "prove": Sentence.of(self.prove),
            "evidence": dict(self.evidence),
        }


@dataclass(frozen=True)
class Passed:
    """Something that couldn't be looked at, and why."""

    what: str
    why: str

    def document(self) -> dict[str, Any]:
        """JSON form."""
        return {"what": self.what, "why": Sentence.of(self.why)}


GOLDEN = "axpair pair ... --golden DIR, with what the training code feeds its model: docs/golden.md"
"""What proves a wrong front end."""
