"""Why a layer costs accuracy, as far as its numbers show it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from axpair_proto.capabilities import LayerTensor
from axpair_proto.sentences import say

from axpair_host.compare import GUIDE_LINE
from axpair_host.compare.constant import Constant
from axpair_host.compare.slices import parts_of, worse_slices
from axpair_host.documents.layers import LayerCause, LayerScore
from axpair_host.scoring.clipping import SAMPLED, clipping
from axpair_host.scoring.swallowing import constant_in, lost_share, swallows

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
_ELEMENTWISE = frozenset(["Input", "Add", "Sub", "Mul", "Div", "Sum", "Where", "Max", "Min", "Clip", "Concat", "Pad"])
"""ONNX operators that bring constants into a tensor as they are; a sum over weights has outliers of its own, though
none that are huge."""


class Context:
    """What later layers need to know of earlier ones: a few numbers each."""

    def __init__(self, inputs_of: Mapping[str, tuple[str, ...]]) -> None:
        self.inputs_of = inputs_of
        self.reach: dict[str, float] = {}
        """Largest magnitude."""
        self.kinds: dict[str, str] = {}
        self.infinite: set[str] = set()
        """Tensors with infinite values in the float model."""
        self.swallowed: set[str] = set()
        """Tensors whose values one step swallows."""


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
    """What shows in one layer; where its own error is small, only values that are swallowed, since no error shows
    those. `context` learns of every layer."""
    reach = extent(reference.values)
    context.reach[reference.name] = max(-reach[0], reach[1]) if reach else 0.0
    context.kinds[reference.name] = reference.kind
    if np.isinf(reference.values).any():
        context.infinite.add(reference.name)
    if quantised is None or own is None:
        return ()
    notable = (own.relative_error or 0.0) >= NOTABLE
    swallowed = tuple(_swallowed(reference, quantised, context))
    if swallowed:
        context.swallowed.add(reference.name)
    for operand in context.inputs_of.get(reference.name, ()):
        if operand in context.swallowed and (swallowed or notable):
            return (
                LayerCause("operand", say("what it reads, {operand!r}, has lost its values before", operand=operand)),
            )
    if swallowed or not notable:
        return swallowed
    return tuple(_causes(reference, quantised, own, context))


def _swallowed(reference: LayerTensor, quantised: LayerTensor, context: Context) -> Iterator[LayerCause]:
    """A constant far away, or features of unlike size, that leave the other values no codes."""
    values, step = reference.values, quantised.step
    if not step > 0:
        return
    constant = constant_in(values)
    if constant is not None and not (constant.is_huge() or _ELEMENTWISE & set(reference.kind.split("+"))):
        constant = None
    if constant is not None and (np.isinf(constant.value) or swallows(constant, step)):
        yield _beside_a_constant(constant, _brought_by(reference.name, constant.value, context), values, quantised)
    elif reference.kind == "Input" and (lost := lost_share(values, step)):
        yield LayerCause(
            "unlike-features",
            say(
                "one scale for features of unlike size: {lost:.0%} of the values of this input are smaller "
                "than half a step ({step:.4g}) and become zero, the largest is {reach:.4g}",
                lost=lost,
                step=step,
                reach=context.reach[reference.name],
            ),
            say(
                "Normalise the features so that all reach about as far, in the model or before it, and the "
                "calibration set with them; or give what reads the input 16 bit, where that leaves each "
                "enough steps."
            ),
        )


def _beside_a_constant(constant: Constant, whose: str, values: Array, quantised: LayerTensor) -> LayerCause:
    others = say("{low:.4g} to {high:.4g}", low=constant.low, high=constant.high)
    instead = constant.instead
    write = (
        say("Write a number of the size of the other values in its place")
        if instead is None
        else say(
            "Write {instead:g} in its place: exp() of that vanishes beside the other values as well", instead=instead
        )
    )
    mend = say("{write}, and the range stays small; then export and build again.", write=write)
    if not np.isinf(constant.value):
        return LayerCause(
            "constant",
            say(
                "about {value:.3g}{whose} makes its range so wide that one step ({step:.4g}) swallows all "
                "its other values ({others})",
                value=constant.value,
                whose=whose,
                step=quantised.step,
                others=others,
            ),
            mend,
        )
    infinite = np.isinf(values)
    ends = extent(quantised.values[infinite]) or (0.0, 0.0)
    return LayerCause(
        "infinite",
        say(
            "{count} of its {size} elements are {value:g}{whose}; no range has a place for that, so once quantised "
            "they are {low:.4g} to {high:.4g}, beside other values of {others}",
            count=np.count_nonzero(infinite),
            size=values.size,
            value=constant.value,
            whose=whose,
            low=ends[0],
            high=ends[1],
            others=others,
        ),
        mend,
    )


def _brought_by(name: str, value: float, context: Context) -> str:
    """Which operand has that value already; a constant of the operator itself where none has."""
    if context.kinds[name] == "Input":
        return ""
    for operand in context.inputs_of.get(name, ()):
        there = operand in context.infinite if np.isinf(value) else context.reach.get(operand, 0.0) >= abs(value) / 2
        if there:
            return say(" (from {operand!r})", operand=operand)
    return say(" (a constant of this operator)")


def _causes(reference: LayerTensor, quantised: LayerTensor, own: LayerScore, context: Context) -> Iterator[LayerCause]:
    operators = reference.kind.split("+")
    operands = context.inputs_of.get(reference.name, ())
    sigmoid = "Sigmoid" in operators or any("Sigmoid" in context.kinds.get(name, "").split("+") for name in operands)
    yield from _clipped(reference.values, quantised)
    if "Mul" in operators and sigmoid:
        yield LayerCause("silu", say("SiLU: its small negative values share few codes with a long positive range"))
    if "Softmax" in operators:
        yield LayerCause("softmax", say("Softmax: most of its values are far smaller than one step of 0..1"))
    yield from _outliers(reference.values, context.reach[reference.name])
    if "Concat" in operators:
        yield from _unlike_inputs(operands, context)
    if reference.values.ndim == 4:
        yield from _dead_channels(reference.values, quantised)
    yield from _unlike_parts(reference, quantised, own)
    if quantised.weight_spread >= SPREAD:
        yield LayerCause(
            "weight-scale",
            say(
                "depthwise convolution whose weights share one scale: its widest channel reaches "
                "{weight_spread:.0f} times as far as its narrowest; PER_CHANNEL gives each its own",
                weight_spread=quantised.weight_spread,
            ),
        )


def _clipped(reference: Array, quantised: LayerTensor) -> Iterator[LayerCause]:
    """Where the float model goes beyond what the layer's codes stand for."""
    wanted = extent(reference)
    if wanted is None or quantised.limits is None:
        return
    (low, high), (wanted_low, wanted_high) = quantised.limits, wanted
    far = max(wanted_high - high, low - wanted_low) > CLIPPED * (high - low)
    if far and clipping(reference, quantised).share:
        yield LayerCause(
            "clipped",
            say(
                "this input leaves the calibrated range (AX204): the float model gives {wanted_low:.4g} to "
                "{wanted_high:.4g}, the range ends at {low:.4g} and {high:.4g}",
                wanted_low=wanted_low,
                wanted_high=wanted_high,
                low=low,
                high=high,
            ),
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
            say(
                "the range is set by few elements: 99.9 % lie within {common:.4g}, the largest is {largest:.4g}",
                common=common,
                largest=largest,
            ),
        )


def _unlike_inputs(operands: tuple[str, ...], context: Context) -> Iterator[LayerCause]:
    reaches = {name: context.reach[name] for name in operands if context.reach.get(name)}
    if len(reaches) < 2:
        return
    small, large = min(reaches, key=lambda one: reaches[one]), max(reaches, key=lambda one: reaches[one])
    if reaches[large] / reaches[small] >= UNLIKE:
        yield LayerCause(
            "concat",
            say(
                "Concat of unlike ranges: {small!r} reaches {near:.4g}, {large!r} {far:.4g}, and one scale has to do "
                "for both",
                small=small,
                near=reaches[small],
                large=large,
                far=reaches[large],
            ),
        )


def _dead_channels(values: Array, quantised: LayerTensor) -> Iterator[LayerCause]:
    axes = (0, 2, 3)
    alive = np.ptp(values, axis=axes) > 0
    dead = alive & (np.ptp(quantised.values, axis=axes) == 0)
    if dead.any():
        first = int(np.flatnonzero(dead)[0])
        yield LayerCause(
            "dead-channels",
            say(
                "{count} of {of} channels are constant once quantised, the first is {first}",
                count=int(dead.sum()),
                of=values.shape[1],
                first=first,
            ),
        )


def _unlike_parts(reference: LayerTensor, quantised: LayerTensor, own: LayerScore) -> Iterator[LayerCause]:
    layout = "NCHW" if reference.values.ndim == 4 else ""
    parts = worse_slices(parts_of(reference.values, quantised.values, layout), GUIDE_LINE, own.cosine)
    if parts:
        part = parts[0]

        yield LayerCause(
            "unlike-parts",
            say(
                "one scale for parts of unlike range (AX206): slice {index} of axis {axis} "
                "({low:.4g}..{high:.4g}) {fate} once quantised",
                index=part.index,
                axis=part.axis,
                low=part.range[0],
                high=part.range[1],
                fate=part.fate(),
            ),
        )
