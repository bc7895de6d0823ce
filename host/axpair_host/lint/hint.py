"""A hint: what looks wrong, and the command that would prove it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from axpair_proto.sentences import Sentence

from axpair_host.advice.commands import Filling
from axpair_host.documents.linted import HintRow, NotLookedAt


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

    def row(self, filling: Filling) -> HintRow:
        """As the document has it, with the command filled."""
        prove = filling.step(Sentence.of(self.prove), self.command)
        return HintRow(self.kind, self.code, Sentence.of(self.summary), prove, dict(self.evidence))


@dataclass(frozen=True)
class Passed:
    """Something that couldn't be looked at, and why."""

    what: str
    why: str
    lacks: str = ""
    """The option, with its field, that would let it be looked at."""

    @property
    def row(self) -> NotLookedAt:
        """As the document has it."""
        return NotLookedAt(self.what, Sentence.of(self.why))


GOLDEN = "{pair} --golden {golden}"
"""What proves a wrong front end."""
PROVEN = "what the training code feeds its own model with (docs/golden.md) proves it:"
"""Before that."""
