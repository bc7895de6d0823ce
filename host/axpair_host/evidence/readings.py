"""What the post-processor makes of outputs that are misread: what was tried, and which ways explain a decision."""

from typing import Any

import msgspec


class ReadingHit(msgspec.Struct, frozen=True):
    """One way of misreading the outputs under which the post-processor makes the decision that was looked for."""

    codes: tuple[str, ...]
    kinds: tuple[str, ...]
    """Which misreadings of those codes, such as "layout-NCHW"."""
    words: str
    """What the reader does: "reads 'cls' as NCHW"."""
    outputs: tuple[str, ...]
    decision: Any = None
    tight: bool = True
    """Whether it is the decision under tight tolerances too, not only near it."""


class ReadingsTried(msgspec.Struct, frozen=True):
    """The ways of misreading that were tried for one decision."""

    hits: tuple[ReadingHit, ...] = ()
    tried: int = 0
    left_out: int = 0
    """Ways that weren't tried: too many, or no time left."""


class ReadingsFacts(msgspec.Struct, frozen=True):
    """What the post-processor makes of the outputs under each way of misreading them."""

    leg: str
    """Whose outputs."""
    expect: ReadingsTried | None = None
    """Undone for the post-processor, until it says what is expected; None where it wasn't asked."""
    observed: ReadingsTried | None = None
    """Done to right outputs, until it says what the user's own program said; None where it wasn't asked."""
