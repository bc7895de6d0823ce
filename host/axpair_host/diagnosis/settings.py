"""Lines and tolerances under which a case is judged."""

import math
from dataclasses import dataclass

from axpair_host.compare.lines import Line
from axpair_host.compare.relation import GUIDE_LINE
from axpair_host.compare.tolerance import refused
from axpair_host.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """What the user may set. Raises UsageError for values that mean nothing."""

    cosine: float = GUIDE_LINE
    """Below this, conversion has lost accuracy."""
    atol: float | None = None
    rtol: float | None = None
    """Under which board and simulator count as agreeing though their bytes differ; None = bytes decide."""
    lines: tuple[Line, ...] = ()
    """What outputs have to reach against the float model, besides or in place of the default lines."""

    def __post_init__(self) -> None:
        if wrong := refused(self.atol, self.rtol):
            raise UsageError(wrong)
        if not (math.isfinite(self.cosine) and 0 < self.cosine <= 1):
            raise UsageError(f"a cosine line of {self.cosine:g} is none: it lies above 0 and at most at 1")

    def lines_of(self, output: str) -> dict[str, float]:
        """The lines of one output, by measure."""
        return {one.metric: one.value for one in self.lines if one.output == output}
