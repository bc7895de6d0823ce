"""Integer weights that make up for each other's rounding, from what calibration saw of a layer's input.

With features of 16 bits the rounding of 8-bit weights is nearly all the error there is. What counts is the error of
the layer's output over real inputs, not that of each weight. So weights are rounded one after the other, and those
still open take over, through the inputs' covariance, the error made so far; what is left of its mean goes into the
bias. (The method is that of optimal brain quantisation, Frantar et al. 2022, in its form with one factor.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
DAMPING = 0.01
"""Part of the mean variance added to each: directions that were hardly seen don't run away."""


@dataclass(frozen=True)
class Moments:
    """Statistics of what meets each row of a layer's weights; groups of channels apart."""

    mean: Array
    """float64, (groups, terms): a row's terms in the order of `quantise_weights`' rows."""
    covariance: Array | None
    """float32, (groups, terms, terms); None where rows are too long for it."""


def coded(rows: Array, scales: Array, top: int, moments: Moments | None) -> Array:
    """The integers, within +-top, for rows (O, terms) of float64 weights and a scale for each row."""
    if moments is None or moments.covariance is None:
        return np.asarray(np.clip(np.rint(rows / scales[:, None]), -top, top))
    groups, terms = moments.mean.shape
    order, factor = _factor(moments.covariance)
    wanted = np.take_along_axis(rows.reshape(groups, -1, terms), order[:, None, :], axis=2)
    steps = scales.reshape(groups, -1)
    codes, errors = np.empty_like(wanted), np.zeros_like(wanted)
    for term in reversed(range(terms)):
        made_up = (errors[:, :, term + 1 :] @ factor[:, term, term + 1 :, None])[:, :, 0] / factor[:, None, term, term]
        codes[:, :, term] = np.clip(np.rint((wanted[:, :, term] + made_up) / steps), -top, top)
        errors[:, :, term] = wanted[:, :, term] - codes[:, :, term] * steps
    back = np.argsort(order, axis=1)
    return np.asarray(np.take_along_axis(codes, back[:, None, :], axis=2).reshape(rows.shape))


def mean_error(rows: Array, codes: Array, scales: Array, moments: Moments | None) -> Array:
    """By how much the integers shift each row's result on average, (O); nothing where no input was seen."""
    if moments is None:
        return np.zeros(len(rows))
    groups, terms = moments.mean.shape
    errors = (codes * scales[:, None] - rows).reshape(groups, -1, terms)
    return np.asarray((errors @ moments.mean[:, :, None]).reshape(len(rows)))


def _factor(covariance: Array) -> tuple[Array, Array]:
    """The order, largest variance last, and A of covariance = A^T A in that order, upper triangular, per group.

    The squared error of a result is |A d|^2 for errors d of the weights. Going from the last weight to the first, each
    row of A d has but one open weight, which can make up for those behind it.
    """
    variance = np.maximum(np.einsum("gkk->gk", covariance).astype(np.float64), 0.0)
    damping = DAMPING * variance.mean(axis=1) + np.finfo(np.float64).tiny ** 0.5
    order = np.argsort(variance, axis=1, kind="stable")
    rows = np.take_along_axis(covariance, order[:, :, None], axis=1)
    chosen = np.take_along_axis(rows, order[:, None, :], axis=2).astype(np.float64)
    unit = np.eye(chosen.shape[1])
    chosen += damping[:, None, None] * unit
    try:
        return order, np.linalg.cholesky(chosen).swapaxes(1, 2)
    except np.linalg.LinAlgError:  # numbers so far apart that nothing can be passed on
        return order, np.broadcast_to(unit, chosen.shape)
