"""What `axpair reduce` prints and keeps: a run's smallest subset, or the smallest part of a model that still fails."""

from typing import Literal

from msgspec import Struct

from axpair_host.documents import VerdictWord
from axpair_host.documents.layers import NamedOperator, TensorDifference

SCHEMA_VERSION = 1


class Signature(Struct, frozen=True, order=True):
    """What makes findings distinct: two with equal signatures count as one."""

    code: str
    """The fault code."""
    marks: tuple[str, ...]
    """Words for what the fault itself has, such as the outputs concerned; empty where nothing marks it."""


class DistinctFinding(Struct, frozen=True):
    """One finding that a run shows."""

    signature: Signature
    """What sets it apart from the others."""
    weight: str
    """It is "fault" where any case calls it one, else "inconclusive"."""
    summary: str
    """What was found, in the words of the case that is kept for it; "" where nothing readable was stored."""
    shown_by: tuple[str, ...]
    """The ids of all cases with it."""
    kept: str
    """The id of the case that stays for it."""


class CopiedFile(Struct, frozen=True):
    """A file that was put into the folder."""

    path: str
    """Its path in the folder."""
    sha256: str
    """The SHA-256 of its bytes, in hexadecimal digits."""
    bytes: int
    """Its size in bytes."""


class CaseFile(Struct, frozen=True):
    """The file of one input of a case that was kept."""

    input: str
    """The name of the model's input."""
    original: bool
    """It is the user's own file; else the bytes that were made of it."""
    path: str
    """Its path in the folder."""
    sha256: str
    """The SHA-256 of its bytes, in hexadecimal digits."""
    bytes: int
    """Its size in bytes."""


class KeptCase(Struct, frozen=True):
    """A case that stays."""

    id: str
    """Its id in the run."""
    replay_id: str
    """Its id in a replay of the folder; "" where it has no input."""
    verdict: str
    """The verdict of its row."""
    files: tuple[CaseFile, ...]
    """The file of each input."""
    gt: str
    """The path of its gt folder in this one."""
    gt_sha256: dict[str, str]
    """The SHA-256 of every file of the gt folder, by the path there."""


class ReducedRun(Struct, frozen=True):
    """The fewest cases of a run that show every distinct finding; manifest.json too."""

    schema_version: int
    """The version of this form: 1."""
    of: Literal["run"]
    """What was reduced."""
    verdict: VerdictWord
    """It is FAULT with any fault, INCONCLUSIVE with other findings or undecided cases, else PASS."""
    source: str
    """The path of the run."""
    out: str | None
    """The folder that was written; None where nothing was found."""
    run: dict[str, str]
    """The run's header: what it was made with, by name."""
    cases: int
    """The run has so many cases."""
    passed: int
    """So many of them have the verdict PASS."""
    undecided: tuple[str, ...]
    """The ids of cases that are inconclusive without a finding; empty without any."""
    unusable: tuple[str, ...]
    """The ids of cases whose files couldn't be used; empty without any."""
    without_evidence: tuple[str, ...]
    """The ids of cases with findings whose gt folders are gone or hold something else; empty without any."""
    findings: tuple[DistinctFinding, ...]
    """The distinct findings; empty where nothing was found."""
    kept: tuple[KeptCase, ...]
    """The cases that stay; empty where nothing was found."""
    models: dict[str, CopiedFile]
    """The models that were put beside the cases, by their names in the header; empty where none were given."""
    damaged: tuple[str, ...]
    """The ids of cases whose rows can't be read; empty without any."""


class PartTensor(Struct, frozen=True):
    """An input or output of the part."""

    dtype: str
    """Its element type."""
    shape: tuple[int, ...]
    """Its shape."""
    file: str
    """The path of its bytes: of an input in the folder, of an output in expected/ and board/."""


class FailingPart(Struct, frozen=True):
    """A part of a model as a folder that needs nothing else."""

    operators: int
    """It has so many operators."""
    share: float
    """That is this part of the whole model's operators; 0..1."""
    at_most_a_tenth: bool
    """It has at most a tenth of the operators."""
    nodes: tuple[NamedOperator, ...]
    """Its operators; empty for the whole model."""
    fails: bool
    """It failed once more when it was written, twice alike."""
    differs: tuple[TensorDifference, ...]
    """How the board's outputs differ; empty where they don't."""
    failure: str | None
    """Why the board gave no answer; None where it did."""
    rounds: int
    """The board answered so many rounds."""
    inputs: dict[str, PartTensor]
    """Its inputs by their names."""
    outputs: dict[str, PartTensor]
    """Its outputs by their names."""
    files: dict[str, str]
    """The SHA-256 of every file of the folder, by the path there."""
    folder: str
    """The folder; "." in its own manifest."""


class ReducedCase(Struct, frozen=True):
    """The smallest part of a model that a board still computes otherwise; reduced.json, and manifest.json of the part.

    The manifest goes with the part's folder and names no path of the machine it was made on.
    """

    schema_version: int
    """The version of this form: 1."""
    of: Literal["case"]
    """What was reduced."""
    verdict: VerdictWord
    """It is FAULT where a part fails, and INCONCLUSIVE where it doesn't repeat or only the whole model fails."""
    outcome: str
    """It is "reduced" where a part fails, "whole" where only the whole model does, "refused" where nothing fails
    repeatably, "vanished" where the part didn't fail once more."""
    why: str
    """The outcome in a sentence."""
    source: str | None
    """The path of the gt folder; None in the manifest."""
    out: str | None
    """The path of the folder for the results; None in the manifest."""
    finding: str
    """What the case showed."""
    simulator: str
    """Name and version of the simulator."""
    board: str
    """The board's URL."""
    log: str | None
    """The path of the log, from which a search that was cut short goes on; None in the manifest."""
    operators: int
    """The whole model has so many operators."""
    trials: int
    """So many models were tried, those of earlier runs included."""
    rest: str | None
    """What comes after the part "agrees" or "differs" when it is rightly fed; None where it wasn't tried."""
    part: FailingPart | None
    """What was written; None where nothing was."""
