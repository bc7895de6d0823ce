"""What `axpair replay` prints: every case, and what they come to together."""

from typing import Any

from msgspec import Struct

SCHEMA_VERSION = 1


class WorstCosine(Struct, frozen=True):
    """The lowest cosine of one output in one comparison over all cases that were measured."""

    output: str
    """The name of the output."""
    legs: str
    """The comparison, as a pair document calls it."""
    cosine: float
    """The cosine."""
    case: str
    """The id of the case; of equally bad ones the first."""


class SimilarityRow(Struct, frozen=True):
    """What a loss does to the similarity of two cases, which is the cosine of their vectors, of one output."""

    output: str
    """The name of the output."""
    cases: int
    """So many cases are held against each other."""
    change: float
    """The largest change of the similarity of two cases."""
    between: tuple[str, str]
    """The ids of these two."""
    before: float
    """Their similarity in the float model."""
    after: float
    """Their similarity in the joint."""
    lowest: float
    """The lowest similarity of any two cases in the float model."""
    highest: float
    """The highest similarity of any two cases in the float model."""
    neighbors: int
    """The most similar case of so many cases is another one in the joint."""
    kept: float | None
    """The cosine, float model against joint, of what sets the cases apart; None where they are all alike."""
    line: float
    """The line for that cosine."""
    lost: bool
    """That cosine is below the line."""


class SummaryRow(Struct, frozen=True):
    """A run at a glance."""

    cases: int
    """So many cases are finished."""
    verdicts: dict[str, int]
    """The number of cases with each verdict; "BAD INPUT" is that of cases that couldn't be used."""
    codes: dict[str, int]
    """The number of cases with each code as their first finding, most frequent first; empty without any."""
    owners: dict[str, int]
    """The number of cases with a fault of each owner, most frequent first; empty without any."""
    worst: tuple[WorstCosine, ...]
    """The lowest cosine of each output in each comparison; empty where nothing was measured."""
    warnings: dict[str, int]
    """The number of cases with each code as a warning, most frequent first; empty without any."""
    similarities: tuple[SimilarityRow, ...]
    """A row for each output that is a vector; empty without any."""
    missed: tuple[str, ...]
    """The user's lines over all cases that don't hold, a clause each; empty where all do."""
    earlier: int
    """So many of the cases were finished by an earlier call."""
    left: int
    """So many cases are still to be run."""


class DamagedCase(Struct, frozen=True):
    """A row that isn't what was stored."""

    id: str
    """The case's id."""
    why: str
    """What is wrong with it."""


class ReplayDocument(Struct, frozen=True):
    """All cases of a run."""

    schema_version: int
    """The version of this form: 1."""
    cases: tuple[dict[str, Any], ...]
    """The documents of the cases: `id`, and what `axpair pair` prints in the release that ran it; or `error` in place
    of findings where the case couldn't be used."""
    summary: SummaryRow
    """What they come to together."""
    damaged: tuple[DamagedCase, ...]
    """The rows that count for nothing; empty without any."""
    workers_lost: int
    """So many workers were lost from outside; what they ran, ran again."""
