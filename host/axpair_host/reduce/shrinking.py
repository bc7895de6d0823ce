"""Where a failing part may begin at the latest, in few trials: doubling from its end, then halving."""

from collections.abc import Callable, Sequence


def latest_start(starts: Sequence[int], fails: Callable[[int], bool]) -> int:
    """The latest of `starts` (nearest to the part's end first) from which the part still fails.

    The last one is known to fail. Where failing isn't monotonic (a fault that another one masks), it is one that
    fails while its neighbour nearer to the end doesn't.
    """
    sound, width = -1, 1
    failing = len(starts) - 1
    while sound + width < failing:
        at = sound + width
        if fails(starts[at]):
            failing = at
            break
        sound, width = at, 2 * width
    while failing - sound > 1:
        middle = (sound + failing) // 2
        if fails(starts[middle]):
            failing = middle
        else:
            sound = middle
    return starts[failing]


def most_trials(starts: int) -> int:
    """How many trials `latest_start` takes at most among so many starts."""
    return 2 * max(1, starts).bit_length()
