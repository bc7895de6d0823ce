"""Why a layer costs accuracy, as far as its numbers show it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from axpair_proto.capabilities import LayerTensor

from axpair_host.compare import GUIDE_LINE
from axpair_host.compare.slices import worse_slices
from axpair_host.evidence.layer_scores import LayerCause, LayerScore
from axpair_host.layers.clipping import SAMPLED, clipping

Array = np.ndarray[Any, Any]

NOTABLE = 0.02
"""2-norm relative error of its own (an SQNR of 34 dB) from which on a layer's causes are looked for."""
OUTLIERS = 4.0
"""Largest magnitude over that which 99.9 % of the elements stay within."""
UNLIKE = 8.0
"""Widest over narrowest range of the parts of a Concat; three bits of eight are lost there."""
SPREAD = 16.0
"""Widest over narrowest channel of a depthwise convolution's weights under one scale; four bits are lost."""


CLIPPED = 0.05
"""How far the float model leaves the quantised range, as a part of that range."""


class Context:
    """What later layers need to know of earlier ones: a few numbers each."""

    def __init__(self, inputs_of: Mapping[str, tuple[str, ...]]) -> None:
        self.inputs_of = inputs_of
        self.reach: dict[str, float] = {}
        """Largest magnitude."""
        self.kinds: dict[str, str] = {}


def extent(values: Array) -> tuple[float, float] | None:
    """Smallest and largest finite element; None where there is none."""
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        finite = values[np.isfinite(values)]
        if not finite.size:
            return None
        low, high = float(finite.min()), float(finite.max())
    return low, high


def causes(
    reference: LayerTensor, quantised: LayerTensor | None, own: LayerScore | None, context: Context
) -> tuple[LayerCause, ...]:
    """What shows in one layer; nothing where its own error is small. `context` learns of every layer."""
    reach = extent(reference.values)
    context.reach[reference.name] = max(-reach[0], reach[1]) if reach else 0.0
    context.kinds[reference.name] = reference.kind
    if quantised is None or own is None or (own.relative_error or 0.0) < NOTABLE:
        return ()
    return tuple(_causes(reference, quantised, own, context))


def _causes(reference: LayerTensor, quantised: LayerTensor, own: LayerScore, context: Context) -> Iterator[LayerCause]:
    operators = reference.kind.split("+")
    operands = context.inputs_of.get(reference.name, ())
    sigmoid = "Sigmoid" in operators or any("Sigmoid" in context.kinds.get(name, "").split("+") for name in operands)
    yield from _clipped(reference.values, quantised)
    if "Mul" in operators and sigmoid:
        yield LayerCause("silu", "SiLU: its small negative values share few codes with a long positive range")
    if "Softmax" in operators:
        yield LayerCause("softmax", "Softmax: most of its values are far smaller than one step of 0..1")
    yield from _outliers(reference.values, context.reach[reference.name])
    if "Concat" in operators:
        yield from _unlike_inputs(operands, context)
    if reference.values.ndim == 4:
        yield from _dead_channels(reference.values, quantised)
    yield from _unlike_parts(reference, quantised, own)
    if quantised.weight_spread >= SPREAD:
        yield LayerCause(
            "weight-scale",
            f"depthwise convolution whose weights share one scale: its widest channel reaches "
            f"{quantised.weight_spread:.0f} times as far as its narrowest; PER_CHANNEL gives each its own",
        )


def _clipped(reference: Array, quantised: LayerTensor) -> Iterator[LayerCause]:
    """Where the layer alone, fed with the float model's tensors, ends before the float model does."""
    wanted, given = extent(reference), extent(quantised.values)
    if wanted is None or given is None:
        return
    (low, high), (wanted_low, wanted_high) = given, wanted
    far = max(wanted_high - high, low - wanted_low) > CLIPPED * (high - low)
    if far and clipping(reference, quantised.values, quantised.step).share:
        yield LayerCause(
            "clipped",
            f"this input leaves the calibrated range (AX204, which more bits don't mend): the float model gives "
            f"{wanted_low:.4g} to {wanted_high:.4g}, the quantised one ends at {low:.4g} and {high:.4g}",
        )


def _outliers(values: Array, largest: float) -> Iterator[LayerCause]:
    if values.size < 1000:
        return
    sample = np.abs(values.reshape(-1)[:: max(1, values.size // SAMPLED)])
    at = int(sample.size * 0.999)
    common = float(np.partition(sample, at)[at])
    if common > 0 and largest / common >= OUTLIERS:
        yield LayerCause(
            "outliers",
            f"the range is set by few elements: 99.9 % lie within {common:.4g}, the largest is {largest:.4g}",
        )


def _unlike_inputs(operands: tuple[str, ...], context: Context) -> Iterator[LayerCause]:
    reaches = {name: context.reach[name] for name in operands if context.reach.get(name)}
    if len(reaches) < 2:
        return
    small, large = min(reaches, key=lambda one: reaches[one]), max(reaches, key=lambda one: reaches[one])
    if reaches[large] / reaches[small] >= UNLIKE:
        yield LayerCause(
            "concat",
            f"Concat of unlike ranges: {small!r} reaches {reaches[small]:.4g}, {large!r} {reaches[large]:.4g}, "
            "and one scale has to do for both",
        )


def _dead_channels(values: Array, quantised: LayerTensor) -> Iterator[LayerCause]:
    axes = (0, 2, 3)
    alive = np.ptp(values, axis=axes) > 0
    dead = alive & (np.ptp(quantised.values, axis=axes) == 0)
    if dead.any():
        first = int(np.flatnonzero(dead)[0])
        yield LayerCause(
            "dead-channels",
            f"{int(dead.sum())} of {values.shape[1]} channels are constant once quantised, the first is {first}",
        )


def _unlike_parts(reference: LayerTensor, quantised: LayerTensor, own: LayerScore) -> Iterator[LayerCause]:
    layout = "NCHW" if reference.values.ndim == 4 else ""
    parts = worse_slices(reference.values, quantised.values, layout, GUIDE_LINE, own.cosine)
    if parts:
        part = parts[0]
        fate = "is zero" if part.vanished else f"has cosine {part.cosine:.4f}"
        yield LayerCause(
            "unlike-parts",
            f"one scale for parts of unlike range (AX206): slice {part.index} of axis {part.axis} "
            f"({part.low:.4g}..{part.high:.4g}) {fate} once quantised",
        )
