"""What `axpair lint` prints: hints, what wasn't looked at, and scores."""

from typing import Any

from msgspec import Struct

from axpair_host.documents.steps import NextStep

SCHEMA_VERSION = 1


class HintRow(Struct, frozen=True):
    """Something that often is a mistake."""

    kind: str
    """Its kind in a word, such as "order" or "duplicates"."""
    code: str
    """The fault code that it ends as; "" where it ends as none."""
    summary: str
    """A sentence says it, with the values."""
    prove: NextStep
    """What would prove it."""
    evidence: dict[str, Any]
    """The numbers behind it, by names of its kind; empty without any."""


class NotLookedAt(Struct, frozen=True):
    """Something that couldn't be looked at."""

    what: str
    """What that is, in a word."""
    why: str
    """Why it couldn't."""


class ScoredInput(Struct, frozen=True):
    """One input through float model and joint."""

    name: str
    """The name of the sample or the file."""
    case: bool
    """It is the user's own input, not one of the set."""
    cosines: dict[str, float | None]
    """The cosine of each output, joint against float model; None where it isn't defined. Names have none."""
    worst: float
    """The smallest cosine, or without any the smallest agreement; -1 where none is defined."""
    agreements: dict[str, float] = {}
    """Of each output whose elements name something the share that is the same, 0..1; empty without any."""

    names_lost: tuple[str, ...] = ()
    """Those of which too many names are others; empty without any."""

    def is_low(self, line: float) -> bool:
        """Whether any output is below its line: `line` is that of cosines."""
        return bool(self.names_lost) or (self.worst < line and bool(self.cosines or not self.agreements))


class LintDocument(Struct, frozen=True):
    """A configuration against model and calibration set."""

    schema_version: int
    """The version of this form: 1."""
    config: str
    """The path of the configuration."""
    form: str
    """Whose configuration it is: "pulsar" or "pulsar2"."""
    onnx: str | None
    """The path of the float model; None where none was given."""
    simulator: str
    """Name and version of the simulator that looked into the models; "" without one."""
    hints: tuple[HintRow, ...]
    """What looks wrong; empty where nothing does."""
    not_looked_at: tuple[NotLookedAt, ...]
    """What couldn't be looked at; empty where everything was."""
    warnings: tuple[str, ...]
    """What has no effect in the configuration; empty without any."""
    scores: tuple[ScoredInput, ...]
    """The inputs that were scored; empty where none were."""
    next_steps: tuple[NextStep, ...]
    """One call that lets the rest be looked at; empty where nothing is missing."""
