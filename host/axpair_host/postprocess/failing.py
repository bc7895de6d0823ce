"""Ways in which a post-processor gives no decision, and how they are told."""

import traceback
from pathlib import Path


class NoDecision(Exception):
    """It ran and gave no decision: evidence for the leg that it ran on."""


class Hung(NoDecision):
    """It was ended because its time was over."""


class NothingMatched(NoDecision):
    """The user's pattern fits no line of what a program printed; the message is the text's beginning."""


def told_failure(error: BaseException, ours: str = "") -> str:
    """Exception and the user's own line, such as "KeyError: 'prob' (post.py:12)"; a NoDecision as it stands.

    `ours`: a file of axpair's, which is no user's line.
    """
    if isinstance(error, NoDecision):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames and frames[-1].filename != ours else ""
    try:
        message = str(error)
    except Exception as second:
        message = f"without a message: that raised {type(second).__name__}"
    return f"{type(error).__name__}: {message}{place}"
