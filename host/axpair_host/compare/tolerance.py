"""Whether a tolerance can fail at all. One that passes any answer is refused (AX004), never applied.

The vendor's documented manual check uses an absolute tolerance of 100000 and passes almost anything.
"""

import math

from axpair_proto.sentences import say

from axpair_host.compare.sums import Sums


def toothless(sums: Sums, atol: float, rtol: float) -> str:
    """Why the tolerance can't fail, as a clause for people; "" when it can.

    It can't when an answer that ignores the input would pass: all zeros, or one constant throughout. That holds at
    the latest when the tolerance reaches the tensor's own range.
    """
    if sums.finite == 0:
        return say("there are no finite elements to compare")
    low, high = sums.low / sums.scale, sums.high / sums.scale
    given = f"atol {atol:g}, rtol {rtol:g}"
    if low == high:
        constant = abs(low)
        if constant and atol + rtol * constant >= constant:
            return say(
                "with {given} an answer of zeros passes: the reference is {low:g} throughout", given=given, low=low
            )
        return ""
    if sums.highest_floor <= sums.lowest_ceiling:
        return say(
            "with {given} a constant answer passes: the reference lies within [{low:g}, {high:g}]",
            given=given,
            low=low,
            high=high,
        )
    return ""


def refused(atol: float | None, rtol: float | None) -> str:
    """What is wrong with a tolerance in itself, before any tensor is seen; "" when nothing is."""
    for name, value in (("atol", atol), ("rtol", rtol)):
        if value is not None and (not math.isfinite(value) or value < 0):
            return say(
                "{name} {value:g} is no tolerance: it must be a finite number, 0 or more", name=name, value=value
            )
    return ""
