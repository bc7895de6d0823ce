"""How two tensors relate, and the lines between the words."""

import enum

GUIDE_LINE = 0.98
"""Cosine below which the vendor's troubleshooting guide speaks of a loss of accuracy."""

SHIFT_MIN_DIFFERING = 100
"""Fewer differing elements say nothing about a systematic shift."""
SHIFT_SIGNS = 4.0
"""|sum of the signs of d| beyond this many times the root of the number of differing elements is no chance."""
SHIFT_MEAN_STEPS = 0.05
"""Mean signed difference, in steps, from which a shift matters. Truncation for rounding shifts by 0.5."""


class Relation(enum.Enum):
    """Strictest first, the last for what can't be compared; the value is the word in documents."""

    IDENTICAL = "IDENTICAL"
    """The same bytes."""
    EQUIVALENT = "EQUIVALENT"
    """Every element within one step, or within the tolerance given, and no shift."""
    SIMILAR = "SIMILAR"
    """Cosine at or above the line."""
    DIFFERENT = "DIFFERENT"
    INVALID = "INVALID"
    """Missing, of another shape or dtype, or NaN or Inf on one side only."""

    @property
    def looseness(self) -> int:
        """0 for IDENTICAL, rising."""
        return list(Relation).index(self)

    def at_least(self, other: "Relation") -> bool:
        """Whether this is as strict as `other`, or stricter."""
        return self.looseness <= other.looseness
