"""Whether a compiled operator is wrong of its own."""

from axpair_host.compare.relation import SHIFT_MEAN_STEPS, SHIFT_MIN_DIFFERING
from axpair_host.evidence.record import Layer

ONE_STEP = 1.001
"""Steps by which a healthy operator may be off, with room for the division that measured it."""
TWO_STEPS_SHARE = 1e-5
"""Share of a Softmax's elements that may be off by two: its 16 bit quotient is rounded twice."""


def at_fault(layer: Layer) -> bool:
    """Whether an operator's own error is more than rounding: beyond one step, or leaning to one side."""
    leaning = layer.differing >= SHIFT_MIN_DIFFERING and abs(layer.mean_steps) >= SHIFT_MEAN_STEPS
    twice = layer.kind == "softmax" and layer.max_steps <= 2 and layer.differing <= TWO_STEPS_SHARE * layer.elements
    return (layer.max_steps > ONE_STEP and not twice) or leaning
