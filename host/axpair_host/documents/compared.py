"""What `axpair compare` prints: tensors side by side. A pair document has the same of each output's legs."""

from typing import Literal

from axpair_proto.sentences import say
from msgspec import UNSET, Struct, UnsetType

SCHEMA_VERSION = 1


class Slice(Struct, frozen=True):
    """One index along one axis that fares worse than the whole, its range being unlike the others'."""

    axis: int
    """The axis, from 0."""
    index: int
    """The index along it, from 0."""
    elements: int
    """It has so many elements."""
    range: tuple[float, float]
    """The smallest and the largest value in the reference."""
    cosine: float
    """Its own cosine."""
    vanished: bool
    """It isn't zero in the reference, and zero throughout in the candidate."""

    def fate(self) -> str:
        """What became of it: a predicate."""
        return say("is zero") if self.vanished else say("has cosine {cosine:.4f}", cosine=self.cosine)


class Reordered(Struct, frozen=True):
    """Rows that were matched before they were compared, since they stand in the order of a score."""

    operator: str
    """The ONNX operator that puts them into that order."""
    rows: int
    """There are so many rows."""
    moved: int
    """So many rows stand elsewhere in the candidate."""
    replaced: int
    """At the cut the candidate has so many other rows; they aren't compared."""
    cosine_in_place: float | None
    """The cosine of the tensors as they stand; None where it isn't defined."""


class HeldLine(Struct, frozen=True):
    """How it stands with a line of the user's."""

    line: str
    """The line, as --line takes it."""
    measure: str
    """The name of its measure."""
    value: float | None
    """What was reached, in the measure's unit; None where it isn't defined or has no end."""
    holds: bool | None
    """The value is on the right side; None where it can't be said."""
    told: str | None
    """The value in words, with its unit; None where it isn't defined."""


class TensorComparison(Struct, frozen=True, kw_only=True):
    """A candidate against a reference. Differences are candidate minus reference, over finite elements.

    What is left out wasn't measured, since it says nothing of what these tensors hold.
    """

    name: str | UnsetType = UNSET
    """The name of the tensor; left out in a pair document, whose outputs have it."""
    relation: str
    """It is "IDENTICAL", "EQUIVALENT", "SIMILAR", "DIFFERENT" or "INVALID"."""
    cosine: float | None
    """The cosine of both; None where it isn't defined."""
    relative_error: float | None
    """The 2-norm of the difference by the 2-norm of the reference, as a fraction; None against a zero reference."""
    max_abs: float | None
    """The largest difference in the tensor's own units; None where there is nothing to compare."""
    max_abs_index: tuple[int, ...] | None
    """Where that is; None where there is nothing to compare."""
    mean: float | None
    """The mean signed difference in the tensor's own units; None where there is nothing to compare."""
    sqnr_db: float | None
    """The signal-to-quantization-noise ratio in dB; None for equal values."""
    elements: int
    """They have so many elements."""
    differing: int
    """The values of so many elements differ."""
    bytes_equal: bool
    """They are the same bytes."""
    step: float | None
    """The quantization step in the tensor's own units; None where it isn't known."""
    mean_steps: float | None
    """The mean signed difference in steps; None where no step is known."""
    step_histogram: tuple[int, int, int, int, int] | None
    """So many elements are 0, 1, 2, 3 and at least 4 steps apart; None where no step is known."""
    shifted: bool
    """The differences lean to one side beyond chance."""
    nan: tuple[int, int]
    """So many NaN are in the reference and in the candidate."""
    inf: tuple[int, int]
    """So many infinite values are in the reference and in the candidate."""
    nonfinite_mismatches: int
    """So many elements are NaN or infinite on one side and not the same on the other."""
    passing_atol: float | None
    """The absolute tolerance that would pass, with the relative one that was given; None where none would."""
    rmse: float | UnsetType = UNSET
    """The root of the mean squared difference in the tensor's own units."""
    correlation: float | UnsetType = UNSET
    """The cosine without the mean."""
    psnr_db: float | UnsetType = UNSET
    """The peak signal-to-noise ratio in dB; left out for equal values."""
    psnr_peak: float | UnsetType = UNSET
    """The peak of that: the largest value that a pixel can have, else what the reference spans."""
    content: str | UnsetType = UNSET
    """What the reference holds, in words."""
    content_kind: str | UnsetType = UNSET
    """The same in one of the words "picture", "vector" and "masked"."""
    angle: float | UnsetType = UNSET
    """The angle between both as vectors, in degrees."""
    others_cosine: float | UnsetType = UNSET
    """The cosine of the elements beside the constant of a masked reference."""
    agreement: float | UnsetType = UNSET
    """The share of rows whose identities (classes, places) both have, or of elements that name the same; 0..1."""
    named_by: str | UnsetType = UNSET
    """The ONNX operator, such as ArgMax, whose names the elements are: no distance of them means anything."""
    reason: str | UnsetType = UNSET
    """Why they can't be compared."""
    outside_tolerance: int | UnsetType = UNSET
    """So many elements are beyond the tolerance; left out where none was given."""
    toothless: str | UnsetType = UNSET
    """Why this comparison could not fail (AX004); left out where it can."""
    reordered: Reordered | UnsetType = UNSET
    """How rows were matched first; all numbers are of matched rows then."""
    slices: tuple[Slice, ...] | UnsetType = UNSET
    """Parts of unlike range that fare worse than the whole, worst first."""


class Codes(Struct, frozen=True):
    """One side holds integer codes of the other side's floats."""

    side: str
    """The side with codes: "A" or "B"."""
    dtype: str
    """The element type of the codes."""
    scale: float
    """One code stands for so much, in the tensor's own units."""
    zero_point: float
    """The code that stands for 0; it needn't be whole."""


class ComparedTensor(TensorComparison, frozen=True, kw_only=True):
    """A tensor of both sides."""

    name: str
    """The name of the tensor."""
    codes: Codes | UnsetType = UNSET
    """How codes were read; left out where neither side holds any."""
    note: str | UnsetType = UNSET
    """What else is to be said of it; left out where nothing is."""
    lines: tuple[HeldLine, ...] | UnsetType = UNSET
    """How it stands with the user's lines for it; left out without any."""
    as_asked: bool
    """It is what was asked for, or all its lines hold."""


class ComparedDocument(Struct, frozen=True):
    """Two collections of tensors side by side."""

    schema_version: int
    """The version of this form: 1."""
    verdict: Literal["PASS", "FAULT"]
    """It is PASS where every tensor is what was asked for."""
    asked: str
    """The relation that the tensors must have at least."""
    tensors: tuple[ComparedTensor, ...]
    """The tensors of both sides, those that are missing on one side included."""
