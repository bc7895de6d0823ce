"""What a comparison of two tensors found."""

import math
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from axpair_host.compare.content import NOTHING_KNOWN, Content
from axpair_host.compare.relation import Relation
from axpair_host.documents.compared import Reordered, Slice, TensorComparison


@dataclass(frozen=True)
class Comparison:
    """Numbers of a candidate against a reference. Differences are candidate minus reference, over finite elements.

    A number that isn't defined is None, never NaN or infinite: the cosine without finite elements, the relative error
    against a zero reference, the SQNR of equal values, steps where no step is known.
    """

    relation: Relation
    reason: str = ""
    """Why INVALID; empty otherwise."""
    elements: int = 0
    differing: int = 0
    """Elements whose values differ, those with NaN or Inf on one side included."""
    bytes_equal: bool = False
    cosine: float | None = None
    relative_error: float | None = None
    """2-norm of the difference by the 2-norm of the reference (the vendor's "2-norm RE"), as a fraction."""
    sqnr_db: float | None = None
    max_abs: float | None = None
    max_abs_index: tuple[int, ...] | None = None
    mean: float | None = None
    """Mean signed difference."""
    rmse: float | None = None
    """Root of the mean squared difference, in the tensor's own units."""
    rmse_steps: float | None = None
    """The same in quantisation steps; None where no step is known."""
    correlation: float | None = None
    """The cosine without the mean: without each channel's own in a tensor whose channels are known."""
    psnr_db: float | None = None
    """Peak by RMSE; None without a content, and for equal values."""
    psnr_peak: float | None = None
    """Of a picture the largest value that a pixel can have, else what the reference spans."""
    content: Content = NOTHING_KNOWN
    """Of the reference, where it was asked for."""
    others_cosine: float | None = None
    """Of a masked reference: of the elements beside the constant alone."""
    agreement: float | None = None
    """Of rows with identities (classes, places): the share whose identities both have."""
    all_identities: bool = False
    """Whether there is nothing but identities, of which no distance means anything."""
    named_by: str = ""
    """The ONNX operator, such as ArgMax, whose names its elements are; the agreement is of elements then."""
    constant_agreement: float | None = None
    """Of such elements: the share that has the commonest name."""
    least_kept: float | None = None
    """Of such elements: of the name that is lost most, the share of its places that keep it; None where no name has
    places enough."""
    whole_numbers: bool = False
    """Whether both are of an integer dtype."""
    constant_cosine: float | None = None
    """Of a candidate of one value throughout, at its best: the reference's mean by its root mean square."""
    deviation: float | None = None
    """The reference's standard deviation: the RMSE of such a candidate."""
    step: float = 0.0
    """In the tensor's own units; 0 where unknown."""
    mean_steps: float | None = None
    step_histogram: tuple[int, int, int, int, int] | None = None
    """Elements that are 0, 1, 2, 3 and at least 4 steps apart."""
    shifted: bool = False
    """The differences lean to one side beyond chance."""
    nan: tuple[int, int] = (0, 0)
    """NaN in the reference and in the candidate."""
    inf: tuple[int, int] = (0, 0)
    nonfinite_mismatches: int = 0
    """Elements where one side is NaN or Inf and the other isn't the same."""
    reference_range: tuple[float, float] | None = None
    reference_constant: bool = False
    """The reference has one value throughout: its cosine says nothing."""
    outside_tolerance: int | None = None
    """Elements beyond the tolerance; None where none was given."""
    passing_atol: float | None = None
    """The absolute tolerance that would pass, with the relative one that was given (else 0)."""
    toothless: str = ""
    """Why this comparison could not fail (AX004); empty when it can."""
    slices: tuple[Slice, ...] = ()
    """Parts of unlike range that fare worse than the whole, worst first."""
    reordered: Reordered | None = None
    """Where rows were matched first: all numbers are of matched rows then."""

    @property
    def likeness(self) -> float | None:
        """The cosine; of elements that name something the share that is the same."""
        return self.agreement if self.named_by else self.cosine

    @property
    def angle(self) -> float | None:
        """Between both as vectors, in degrees."""
        return None if self.cosine is None else math.degrees(math.acos(max(-1.0, min(1.0, self.cosine))))

    def agrees(self, cpu_part: bool = False) -> bool:
        """Whether board and simulator are as they should be: the same bytes, or the same values (zeros have two signs,
        and which one a runtime writes says nothing); EQUIVALENT behind a float CPU part; or EQUIVALENT and within the
        tolerance that the user gave."""
        if self.relation is Relation.EQUIVALENT:
            return self.differing == 0 or cpu_part or (self.outside_tolerance == 0 and not self.toothless)
        return self.relation is Relation.IDENTICAL

    def document(self) -> TensorComparison:
        """As documents have it. No value is NaN or infinite."""
        return TensorComparison(
            relation=self.relation.value,
            cosine=self.cosine,
            relative_error=self.relative_error,
            max_abs=self.max_abs,
            max_abs_index=self.max_abs_index,
            mean=self.mean,
            sqnr_db=self.sqnr_db,
            elements=self.elements,
            differing=self.differing,
            bytes_equal=self.bytes_equal,
            step=self.step or None,
            mean_steps=self.mean_steps,
            step_histogram=self.step_histogram,
            shifted=self.shifted,
            nan=self.nan,
            inf=self.inf,
            nonfinite_mismatches=self.nonfinite_mismatches,
            passing_atol=self.passing_atol,
            rmse=_known(self.rmse),
            correlation=_known(self.correlation),
            psnr_db=_known(self.psnr_db),
            psnr_peak=_known(self.psnr_peak),
            content=self.content.words or UNSET,
            content_kind=self.content.kind or UNSET,
            angle=_known(self.angle if self.content.kind == "vector" else None),
            others_cosine=_known(self.others_cosine),
            agreement=_known(self.agreement),
            named_by=self.named_by or UNSET,
            reason=self.reason or UNSET,
            outside_tolerance=UNSET if self.outside_tolerance is None else self.outside_tolerance,
            toothless=self.toothless or UNSET,
            reordered=UNSET if self.reordered is None else self.reordered,
            slices=self.slices or UNSET,
        )


def _known(value: float | None) -> float | UnsetType:
    return UNSET if value is None else value
