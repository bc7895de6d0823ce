"""One entry of the fault book."""

from dataclasses import dataclass
from typing import Any

from axpair_host.advice.commands import Step, general

SHOWN = ("title", "meaning", "shows", "next_steps", "send")
"""What is said to people: each is there in Chinese too."""


@dataclass(frozen=True)
class Entry:
    """What a code means, in words for people. Codes are stable and never used again for something else."""

    code: str
    title: str
    owners: tuple[str, ...]
    """Where it may arise; one where the code alone says it."""
    stage: str
    """conversion, on_board or application."""
    side: str
    """customer, axera or undecided: who can go on from here."""
    meaning: str
    shows: str
    """How it is recognised in the bytes."""
    next_steps: tuple[Step, ...]
    send: str
    """What to send to whom."""
    zh_title: str
    zh_meaning: str
    zh_shows: str
    zh_next_steps: tuple[str, ...]
    """The text of each of `next_steps`, in their order."""
    zh_send: str
    caused_by: tuple[str, ...] = ()
    """Codes that say what this one comes from: their steps stand for its own."""
    words: bool = False
    """Whether logs, versions or names alone can say it: beside a board that gives the simulator's bytes, a warning."""

    def document(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "code": self.code,
            "title": self.title,
            "owners": list(self.owners),
            "stage": self.stage,
            "side": self.side,
            "meaning": self.meaning,
            "shows": self.shows,
            "next_steps": [general(one) for one in self.next_steps],
            "caused_by": list(self.caused_by),
            "send": self.send,
            "zh": {
                "title": self.zh_title,
                "meaning": self.zh_meaning,
                "shows": self.zh_shows,
                "next_steps": list(self.zh_next_steps),
                "send": self.zh_send,
            },
        }

    def chinese(self) -> dict[str, str]:
        """Each English text of it, and the same in Chinese."""
        single = {getattr(self, name): getattr(self, f"zh_{name}") for name in SHOWN if name != "next_steps"}
        return {**single, **dict(zip((one.text for one in self.next_steps), self.zh_next_steps, strict=True))}
