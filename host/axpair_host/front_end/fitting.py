"""Which front end makes the training code's tensor of this picture: fitted, then named."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from axpair_proto.capabilities import FrontEnd

from axpair_host.front_end.pixels import pixels, planes_of
from axpair_host.front_end.variants import TURNED, same, variants

Array = np.ndarray[Any, Any]

AGREE = 1e-4
"""Largest difference, in normalised units, of inputs that are prepared alike."""
FITS = 0.02
"""Residual, as a share of the tensor's deviation, of one picture decoded or rounded a little otherwise."""
SAME = 1e-4
"""Residual of the very same pixels."""
NEXT = 10
"""A fit so many times worse than the best is none."""
OTHER = "another mean and std"
RELATED = 0.6
"""Correlation below which two tensors don't show the same picture at all."""


@dataclass(frozen=True)
class Fit:
    """One front end under which the configured pixels become the training code's tensor."""

    front_end: FrontEnd
    residual: float
    """Root of the mean square left over, as a share of the tensor's deviation."""
    name: str
    """That of a variant, or ""."""
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """The configured input held against the training code's."""

    largest: float
    """Largest difference, in normalised units."""
    correlation: float
    """Best of both channel orders, mean over channels, in -1..1."""
    fits: tuple[Fit, ...]
    """Other front ends that explain the difference; () where there is none to explain, or none explains it."""
    grey: bool
    """Whether all channels show the same, so that no order of them can be seen."""
    rounding: float | None = None
    """Residual under the configured front end, where that fits: pixels differ a little, nothing else."""


def judge(configured: Array, golden: Array, front_end: FrontEnd) -> Judged:
    """Compare the float model's input as configured with the training code's tensor of the same shape."""
    largest = float(np.abs(configured.astype(np.float64) - golden).max(initial=0.0))
    raw = pixels(configured, front_end)
    channels = len(raw)
    grey = channels == 3 and float(np.abs(raw - raw[:1]).max(initial=0.0)) < 1
    if largest <= AGREE:
        return Judged(largest, 1.0, (), grey)
    configured_order = front_end.reverses_channels
    orders = (configured_order, not configured_order) if channels == 3 else (configured_order,)
    found = [_fit(raw, planes_of(golden, front_end), replace(front_end, reverses_channels=order)) for order in orders]
    fits = [_named(fit, front_end) for fit, _ in found if fit.residual <= FITS]
    rounding = next((fit.residual for fit in fits if not fit.codes), None)
    correlation = max(correlation for _, correlation in found)
    return Judged(largest, correlation, () if rounding is not None else tuple(_likely(fits)), grey, rounding)


def _likely(fits: list[Fit]) -> list[Fit]:
    """Those that fit as well as the best, and of these the ones with a name where any has: tinted paper fits nearly
    anything if mean and std may be anything."""
    best = min((fit.residual for fit in fits), default=0.0)
    near = [fit for fit in fits if fit.residual <= max(SAME, NEXT * best)]
    return [fit for fit in near if not fit.name.startswith(OTHER)] or near


def _fit(raw: Array, golden: Array, base: FrontEnd) -> tuple[Fit, float]:
    """Least squares per channel, in the joint's colour order."""
    wanted = golden[::-1] if base.reverses_channels else golden
    gains, offsets, left, total, correlations = [], [], 0.0, 0.0, []
    for x, y in zip(raw, wanted, strict=True):
        spread_x, spread_y = x - x.mean(), y - y.mean()
        power = float(spread_x @ spread_x)
        shared = float(spread_x @ spread_y)
        energy = float(spread_y @ spread_y)
        gain = shared / power if power > 0 else 0.0
        offset = float(y.mean() - gain * x.mean())
        rest = spread_y - gain * spread_x
        left += float(rest @ rest)
        total += energy
        correlations.append(shared / (power * energy) ** 0.5 if power > 0 and energy > 0 else 0.0)
        gains.append(gain)
        offsets.append(offset)
    residual = (left / total) ** 0.5 if total > 0 else 0.0
    fitted = replace(base, gain=tuple(gains), offset=tuple(offsets))
    return Fit(fitted, residual, "", ()), float(np.mean(correlations))


def _named(fit: Fit, configured: FrontEnd) -> Fit:
    if same(fit.front_end, configured):
        return fit
    for variant in variants(configured):
        if same(fit.front_end, variant.front_end):
            return replace(fit, name=variant.name, codes=variant.codes)
    swapped = fit.front_end.reverses_channels != configured.reverses_channels
    return replace(
        fit, name=f"{OTHER}, and {TURNED}" if swapped else OTHER, codes=("AX103", "AX104") if swapped else ("AX104",)
    )


def mean_and_std(front_end: FrontEnd) -> tuple[list[float], list[float]]:
    """What to write as input_normalization for it: of pixels 0..255, in the joint's colour order."""
    usable = [(o, g) for o, g in zip(front_end.offset, front_end.gain, strict=True) if g]
    return [round(-o / g, 4) for o, g in usable], [round(1 / g, 4) for _, g in usable]
