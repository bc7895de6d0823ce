"""What the differences of two tensors look like, in words."""

from axpair_proto.sentences import say

from axpair_host.compare.comparison import Comparison


def describe_differences(comparison: Comparison) -> list[str]:
    """What the differences look like, in words; measured forms of known faults of arithmetic."""
    words: list[str] = []
    if comparison.mean_steps is not None and abs(comparison.mean_steps + 0.5) < 0.1 and _within(comparison, 1):
        words.append(say("the differences are 0 and -1 steps, half a step low on average: truncation for rounding"))
    elif comparison.shifted and comparison.mean_steps is not None:
        words.append(
            say(
                "the differences lean to one side by {mean_steps:+.3f} steps on average",
                mean_steps=comparison.mean_steps,
            )
        )
    if comparison.step and comparison.max_abs is not None and 252 <= comparison.max_abs / comparison.step <= 256:
        words.append(say("differences near 256 steps: wrap-around for saturation"))
    if _within(comparison, 1) and not words:
        words.append(say("no element is more than one step off"))
    return words


def _within(comparison: Comparison, steps: int) -> bool:
    histogram = comparison.step_histogram
    return histogram is not None and sum(histogram[steps + 1 :]) == 0
