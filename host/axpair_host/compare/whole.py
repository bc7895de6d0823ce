"""Compares two tensors: numbers, relation, and what to make of the tolerance."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from axpair_proto.dtypes import ITEM_BYTES
from axpair_proto.sentences import say

from axpair_host.compare.comparison import Comparison
from axpair_host.compare.content import NOTHING_KNOWN, Content, content_of, hidden_by
from axpair_host.compare.lattice import lattice_step
from axpair_host.compare.lines import CORRELATION
from axpair_host.compare.relation import (
    GUIDE_LINE,
    SHIFT_MEAN_STEPS,
    SHIFT_MIN_DIFFERING,
    SHIFT_SIGNS,
    Relation,
)
from axpair_host.compare.slices import ROUNDING, Parts, parts_of, worse_slices
from axpair_host.compare.sums import Sums, total
from axpair_host.compare.tolerance import refused, toothless

Array = np.ndarray[Any, Any]
_LARGEST = float(np.finfo(np.float64).max)


def invalid(reason: str) -> Comparison:
    """The comparison of what can't be compared; `reason` is a clause with the values."""
    return Comparison(relation=Relation.INVALID, reason=reason)


@np.errstate(invalid="ignore", over="ignore")  # bytes that were never written may be signalling NaN
def compare(
    reference: Array,
    candidate: Array,
    *,
    step: float = 0.0,
    atol: float | None = None,
    rtol: float | None = None,
    cpu_part: bool = False,
    line: float = GUIDE_LINE,
    layout: str | None = None,
    unit: float = 1.0,
) -> Comparison:
    """Compare two tensors of one shape and dtype; anything else is INVALID, with the reason.

    `step` is in the tensors' own units; 0, or one that is no finite number, looks for a lattice in the reference,
    except behind a CPU part, whose float arithmetic leaves none. `atol` and `rtol` are absolute and relative to the
    reference; without a step and without them nothing but equal values is EQUIVALENT. `line` is the cosine of SIMILAR.
    With a `layout` ("" for none known) it is looked at what the reference holds, and at parts of unlike range apart;
    `unit` is what 1.0 is in the tensors (an output's Q). Raises ValueError on a tolerance that
    isn't a finite number >= 0.
    """
    if wrong := refused(atol, rtol):
        raise ValueError(wrong)
    if reason := _incomparable(reference, candidate):
        return invalid(reason)
    r, c = (np.ascontiguousarray(tensor, tensor.dtype.newbyteorder("=")) for tensor in (reference, candidate))
    if r.size == 0:
        return Comparison(Relation.IDENTICAL, bytes_equal=True, toothless=say("the tensor has no elements"))
    same_bytes = bool(np.array_equal(_raw(r), _raw(c)))
    step = (abs(step) if np.isfinite(step) else 0.0) or (0.0 if same_bytes or cpu_part else lattice_step(r))
    tolerated = atol is not None or rtol is not None
    tolerance = (atol or 0.0, rtol or 0.0) if tolerated else None
    sums = total(r.reshape(-1), c.reshape(-1), step=step, tolerance=tolerance)
    cosine = _cosine(sums)
    shifted = _shifted(sums, step)
    vacuous = toothless(sums, *tolerance) if tolerance else ""
    relation = Relation.INVALID
    reason = ""
    if same_bytes:
        relation = Relation.IDENTICAL
    elif sums.nonfinite_mismatches:
        reason = say(
            "NaN or Inf on one side only, at {mismatches} of {size} elements (reference {nan[0]} NaN, {inf[0]} Inf; "
            "candidate {nan[1]} NaN, {inf[1]} Inf)",
            mismatches=sums.nonfinite_mismatches,
            size=r.size,
            nan=sums.nan,
            inf=sums.inf,
        )
    elif _equivalent(sums, step, tolerated and not vacuous, r.dtype) and not shifted:
        relation = Relation.EQUIVALENT
    elif cosine is not None and cosine >= line:
        relation = Relation.SIMILAR
    else:
        relation = Relation.DIFFERENT
    compared = sums.finite > 0
    content = NOTHING_KNOWN if layout is None else content_of(r, layout, unit)
    parts = [] if layout is None or same_bytes else parts_of(r, c, content.layout or layout)
    rmse = _unscaled(float(np.sqrt(sums.dd / sums.finite)), sums) if compared else None
    correlation = _correlation(sums, parts if r.ndim == 4 and layout else [])
    doubted = layout is not None and not cpu_part and correlation is not None and correlation < CORRELATION
    grain = step or (lattice_step(c) if doubted else 0.0)  # a float model's own values lie on no lattice
    peak = content.peak or (_unscaled(sums.high - sums.low, sums) if compared and layout is not None else None)
    mean = _unscaled(sums.d / sums.finite, sums) if compared else None
    return Comparison(
        relation=relation,
        reason=reason,
        elements=r.size,
        differing=sums.differing,
        bytes_equal=same_bytes,
        cosine=cosine,
        relative_error=_relative_error(sums),
        sqnr_db=10 * float(np.log10(sums.rr / sums.dd)) if sums.rr > 0 and sums.dd > 0 else None,
        max_abs=_unscaled(sums.max_abs, sums) if compared else None,
        max_abs_index=_index(sums.max_abs_at, r.shape) if sums.max_abs > 0 else None,
        mean=mean,
        rmse=rmse,
        rmse_steps=rmse / grain if rmse is not None and grain else None,
        correlation=correlation,
        psnr_db=20 * float(np.log10(peak / rmse)) if peak and rmse else None,
        psnr_peak=peak,
        content=content,
        others_cosine=_others_cosine(r, c, content),
        constant_cosine=abs(sums.r) / float(np.sqrt(sums.finite * sums.rr)) if sums.rr > 0 else None,
        whole_numbers=r.dtype.kind in "iu",
        deviation=_unscaled(float(np.sqrt(_variance(sums))), sums) if compared else None,
        step=step,
        mean_steps=mean / step if step and mean is not None else None,
        step_histogram=_histogram(sums) if step and compared else None,
        shifted=shifted,
        nan=(sums.nan[0], sums.nan[1]),
        inf=(sums.inf[0], sums.inf[1]),
        nonfinite_mismatches=sums.nonfinite_mismatches,
        reference_range=(_unscaled(sums.low, sums), _unscaled(sums.high, sums)) if compared else None,
        reference_constant=compared and sums.low == sums.high,
        outside_tolerance=sums.outside if tolerated else None,
        passing_atol=_unscaled(sums.excess if tolerated else sums.max_abs, sums) if compared else None,
        toothless=vacuous,
        slices=() if same_bytes else worse_slices(parts, line, cosine),
    )


def _incomparable(reference: Array, candidate: Array) -> str:
    if reference.shape != candidate.shape:
        return say("shapes differ: {one} and {other}", one=list(reference.shape), other=list(candidate.shape))
    if reference.dtype.newbyteorder("=") != candidate.dtype.newbyteorder("="):
        return say("dtypes differ: {one} and {other}", one=reference.dtype.name, other=candidate.dtype.name)
    if reference.dtype.name not in ITEM_BYTES:
        return say("{dtype} is no dtype that a model has", dtype=reference.dtype.name)
    return ""


def _raw(tensor: Array) -> Array:
    return tensor.reshape(-1).view(f"u{tensor.dtype.itemsize}")


def _cosine(sums: Sums) -> float | None:
    """Of two zero vectors 1, of a zero and another one 0. Near 1 it is taken from the difference, which keeps the
    digits that the quotient of large sums loses."""
    if sums.finite == 0:
        return None
    if sums.rr == 0.0 or sums.cc == 0.0:
        return 1.0 if sums.rr == sums.cc else 0.0
    norms = float(np.sqrt(sums.rr)), float(np.sqrt(sums.cc))
    cosine = sums.rc / norms[0] / norms[1]
    # The difference of vectors of very different length says nothing of their angle.
    if cosine > 0.99 and 0.5 < norms[1] / norms[0] < 2:
        apart = norms[1] - norms[0]
        cosine = 1 - (sums.dd - apart * apart) / (2 * norms[0] * norms[1])
    return max(-1.0, min(1.0, cosine))


def _variance(sums: Sums) -> float:
    return max(0.0, sums.rr / sums.finite - (sums.r / sums.finite) ** 2)


def _correlation(sums: Sums, channels: Sequence[Parts]) -> float | None:
    """None against a reference that is constant: its differences are rounding then."""
    if channels:
        return channels[0].correlation
    if sums.finite == 0:
        return None
    mean, lean = sums.r / sums.finite, sums.d / sums.finite
    squares = sums.rr / sums.finite, sums.cc / sums.finite
    of_reference, of_candidate = squares[0] - mean**2, squares[1] - (mean + lean) ** 2
    if of_reference <= ROUNDING * squares[0]:
        return None
    if of_candidate <= ROUNDING * squares[1]:
        return 0.0
    together = (of_reference + of_candidate - (sums.dd / sums.finite - lean**2)) / 2
    return max(-1.0, min(1.0, together / float(np.sqrt(of_reference) * np.sqrt(of_candidate))))


def _others_cosine(reference: Array, candidate: Array, content: Content) -> float | None:
    if content.kind != "masked":
        return None
    beside = hidden_by(content.constant, reference)
    return _cosine(total(reference[beside], candidate[beside], step=0.0))


def _relative_error(sums: Sums) -> float | None:
    if sums.dd == 0.0:
        return 0.0 if sums.finite else None
    return float(np.sqrt(sums.dd) / np.sqrt(sums.rr)) if sums.rr > 0 else None


def _shifted(sums: Sums, step: float) -> bool:
    differing = sums.rising + sums.falling
    if differing < SHIFT_MIN_DIFFERING or step <= 0:
        return False
    mean = abs(sums.d / sums.finite / sums.scale)
    leaning = abs(sums.rising - sums.falling)
    return bool(leaning > SHIFT_SIGNS * np.sqrt(differing) and mean >= SHIFT_MEAN_STEPS * step)


def _equivalent(sums: Sums, step: float, tolerated: bool, dtype: "np.dtype[Any]") -> bool:
    if tolerated and sums.outside == 0:
        return True
    peak = max(-sums.low, sums.high) + sums.max_abs
    rounding = 4 * float(np.finfo(dtype).eps) * peak if dtype.kind == "f" else 0.0
    return sums.max_abs == 0.0 or (step > 0 and sums.max_abs / sums.scale <= step * (1 + 1e-6) + rounding / sums.scale)


def _histogram(sums: Sums) -> tuple[int, int, int, int, int]:
    one, two, three, four = sums.beyond
    return sums.finite - one, one - two, two - three, three - four, four


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(place) for place in np.unravel_index(flat, shape))


def _unscaled(value: float, sums: Sums) -> float:
    """Back in the tensor's own units; what is beyond the largest double is that."""
    with np.errstate(over="ignore"):
        return float(np.clip(np.float64(value) / sums.scale, -_LARGEST, _LARGEST))
