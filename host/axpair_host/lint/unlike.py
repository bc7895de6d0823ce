"""A calibration set unlike the case, or unlike the training data: AX204 before anything is built."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from axpair_proto.capabilities import Observed

from axpair_host.lint.dataset import Picture, Sample
from axpair_host.lint.hint import Hint
from axpair_host.lint.model import outside

Array = np.ndarray[Any, Any]
CASE_DISTANCE = 0.5
"""Total variation, 0..1, of one picture's histogram to the nearest of the set's."""
SET_DISTANCE = 0.3
"""The same of two sets as wholes."""
CLIPPED = 0.005
"""Share of a tensor's elements beyond the range over the calibration set."""
_PROVE_CASE = "score some of the set: if that scores well and this input doesn't, the set is the cause"
_SCORE = "{lint} --score 8"
_PROVE_SET = "build with samples of the training data instead"
_OTHER_SET = "{tune} --set {set}"


def pictures(what: str, case: Sequence[Sample], of: Sequence[Sample], *, train: bool) -> Iterator[Hint]:
    """By colours alone: needs no model."""
    theirs, ours = _decoded(case), _decoded(of)
    if not theirs or not ours:
        return
    if train:
        distance = _variation(_whole(theirs), _whole(ours))
        if distance >= SET_DISTANCE:
            yield Hint(
                "unlike-training-data",
                "AX204",
                f"the calibration set's colours are distributed otherwise than those of {what}: total variation "
                f"{distance:.2f} (0 = alike, 1 = nothing in common); {_means(ours)} against {_means(theirs)}",
                _PROVE_SET,
                {"distance": distance, "pictures": len(theirs)},
                _OTHER_SET,
            )
        return
    for sample, picture in zip(case, theirs, strict=False):
        distance = min(_variation(picture.histogram, other.histogram) for other in ours)
        if distance >= CASE_DISTANCE:
            yield Hint(
                "unlike-calibration",
                "AX204",
                f"{sample.name}: its colours are unlike every picture of the calibration set: total variation to "
                f"the nearest {distance:.2f} (0 = alike, 1 = nothing in common); {_means([picture])} against "
                f"{_means(ours)}",
                _PROVE_CASE,
                {"distance": distance},
                _SCORE,
            )


def ranges(what: str, seen: Observed, calibrated: Observed, *, train: bool) -> Iterator[Hint]:
    """By what the model makes of it: elements beyond the range over the calibration set."""
    struck: Mapping[str, float] = {name: share for name, share in outside(seen).items() if share >= CLIPPED}
    if not struck:
        return
    first = next(name for name in seen.tensors if name in struck)
    mine, theirs = seen.tensors[first], calibrated.tensors[first]
    yield Hint(
        "beyond-range",
        "AX204",
        f"{what}: {len(struck)} of {len(seen.tensors)} tensors looked at leave the range that they have over the "
        f"calibration set; the first is {first!r}, {struck[first]:.1%} of it outside ({mine.low:.4g} to "
        f"{mine.high:.4g} instead of {theirs.low:.4g} to {theirs.high:.4g})",
        _PROVE_SET if train else _PROVE_CASE,
        {"outside": dict(struck), "samples": seen.samples, "calibrated_on": calibrated.samples},
        _OTHER_SET if train else _SCORE,
    )


def _decoded(samples: Sequence[Sample]) -> list[Picture]:
    return [sample.picture for sample in samples if sample.picture is not None]


def _whole(some: Sequence[Picture]) -> Array:
    whole: Array = np.mean([one.histogram for one in some], axis=0)
    return whole


def _variation(one: Array, other: Array) -> float:
    """Of the channel that differs most."""
    return float(np.abs(one - other).sum(axis=1).max() / 2)


def _means(some: Sequence[Picture]) -> str:
    means = np.mean([one.means for one in some], axis=0)
    return f"mean RGB {means[0]:.0f} {means[1]:.0f} {means[2]:.0f}"
