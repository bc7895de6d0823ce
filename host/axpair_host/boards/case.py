"""What goes to a board and what comes back, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from axpair_host.digests import bytes_sha256
from axpair_host.evidence.record import Round

_MOST_LETTERS = 200
"""Of an id on its way to the agent, which takes 1,000 and writes it into its log."""


@dataclass(frozen=True)
class Case:
    """One case for a loaded model."""

    id: str
    inputs: Mapping[str, bytes] = field(repr=False)
    """By name, each of the size that the description declares."""
    repeat: int = 2
    """Case rounds, besides the probe."""
    want_probe: bool = True
    """Whether a freshly loaded model first runs this case's inputs, changed by `probing`."""
    fresh_worker: bool = False
    deadline_ms: int = 0
    """For one round; 0 = the agent's own limit."""
    before: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Inputs that the same worker runs right before, as the probe round; empty = none."""

    def __post_init__(self) -> None:
        """A longer id keeps its beginning, and a digest tells it from others."""
        if len(self.id) > _MOST_LETTERS:
            digest = bytes_sha256(self.id.encode("utf-8", "surrogateescape"))[:12]
            object.__setattr__(self, "id", f"{self.id[:_MOST_LETTERS]}... {digest}")


@dataclass(frozen=True)
class RoundAnswer:
    """One round, as it came back."""

    case_id: str
    facts: Round
    """Its `folder` is empty: nothing is stored yet. Output digests are the worker's own."""
    outputs: Mapping[str, memoryview] = field(repr=False)
    """Received bytes by output name, in the model's order; empty when the round failed."""
    last: bool
    """Whether the case is done with this round."""
    attempt: int = 0
    """With a higher one than before all rounds of the case begin again: what came of it so far is void."""
