"""The misreadings of one output: layout, Q, dtype, activation. Each is there only where it changes anything."""

import warnings
from collections.abc import Iterator

import numpy as np
from axpair_proto.sentences import say

from axpair_host.evidence.record import OutputFacts
from axpair_host.postprocess.readings import curves
from axpair_host.postprocess.readings.reading import Array, Change, Misread

_FLOATS = ("float16", "float64")
_INTEGERS = ("float32", "uint8", "int8", "uint16", "int16", "int32", "float16")
_NEAR_ONE = 0.05
"""Sums of a softmax over 8 bit codes stray by that much."""


def misreads(output: OutputFacts, tensor: Array) -> Iterator[Misread]:
    """Every misreading of the output that its layout, dtype, Q and values leave room for."""
    if tensor.size < 2 or tensor.shape != output.shape or tensor.dtype.name != output.dtype:
        return
    yield from _layouts(output, tensor)
    yield from _scales(output, tensor)
    yield from _dtypes(tensor)
    yield from _activations(output, tensor)


def _layouts(output: OutputFacts, tensor: Array) -> Iterator[Misread]:
    """Never where both layouts have the same bytes: then nobody can read it wrongly."""
    choices: list[tuple[str, tuple[int, ...]]]
    if tensor.ndim == 4:
        other: dict[str, tuple[str, tuple[int, ...]]]
        other = {"NHWC": ("NCHW", (0, 3, 1, 2)), "NCHW": ("NHWC", (0, 2, 3, 1))}
        choices = [other[output.layout]] if output.layout in other else list(other.values())
    elif tensor.ndim == 3:
        choices = [(say("if its last two axes were the other way round"), (0, 2, 1))]
    else:
        return
    for name, order in choices:
        if tensor.transpose(order).tobytes() == tensor.tobytes():
            continue
        words = say("reads {outputs} as {name}", outputs="", name=name)
        yield Misread("AX401", f"layout-{name}", words, _permuted(order), _taken_for(order))


def _permuted(order: tuple[int, ...]) -> Change:
    def undo(tensor: Array) -> list[Array]:
        turned = np.ascontiguousarray(tensor.transpose(order))
        return [turned, turned.reshape(tensor.shape)]

    return undo


def _taken_for(order: tuple[int, ...]) -> Change:
    """The bytes as they lie, taken for the other layout, and put where a right reader looks for them."""

    def suffer(tensor: Array) -> list[Array]:
        taken = tensor.reshape([tensor.shape[axis] for axis in order])
        return [np.ascontiguousarray(taken.transpose(np.argsort(order)))]

    return suffer


def _scales(output: OutputFacts, tensor: Array) -> Iterator[Misread]:
    q = q_of(output)
    if q is None:
        return

    def divided(array: Array) -> list[Array]:
        return [(array / q).astype(np.float32)]

    def multiplied(array: Array) -> list[Array]:
        return [(array.astype(np.float64) * q).astype(np.float32)]

    left = say("doesn't divide {outputs} by Q ({q:g})", outputs="", q=q)
    yield Misread("AX402", "q-left", left, divided, multiplied)
    twice = say("divides {outputs} by Q ({q:g}) twice", outputs="", q=q)
    yield Misread("AX402", "q-twice", twice, multiplied, divided)


def q_of(output: OutputFacts) -> float | None:
    """Codes for 1.0 of an integer output; None for floats and where it isn't known."""
    if np.dtype(output.dtype).kind not in "iu":
        return None
    q = float(output.q) or (1 / output.step if output.step > 0 else 0.0)
    return q if q not in (0.0, 1.0) else None


def _dtypes(tensor: Array) -> Iterator[Misread]:
    for name in _INTEGERS if tensor.dtype.kind in "iu" else _FLOATS:
        wanted = np.dtype(name)
        if wanted == tensor.dtype or not _fits(tensor, wanted):
            continue
        words = say("reads the {dtype} of {outputs} as {name}", dtype=tensor.dtype.name, outputs="", name=name)
        yield Misread("AX402", f"dtype-{name}", words, _cast(wanted), _viewed(wanted))


def _fits(tensor: Array, wanted: "np.dtype[np.generic]") -> bool:
    if wanted.kind == "f":
        return True
    limits = np.iinfo(wanted.name)
    return bool(tensor.min() >= limits.min and tensor.max() <= limits.max)


def _cast(wanted: "np.dtype[np.generic]") -> Change:
    def undo(tensor: Array) -> list[Array]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # float16 may overflow
            return [tensor.astype(wanted)]

    return undo


def _viewed(wanted: "np.dtype[np.generic]") -> Change:
    def suffer(tensor: Array) -> list[Array]:
        if wanted.itemsize != tensor.dtype.itemsize:
            return []
        return [np.nan_to_num(tensor.view(wanted).astype(np.float32))]

    return suffer


def _activations(output: OutputFacts, tensor: Array) -> Iterator[Misread]:
    q = q_of(output) or 1.0
    real = tensor.astype(np.float64) / q
    if not np.isfinite(real).all():
        return
    axis = {"NHWC": -1, "NCHW": 1}.get(output.layout, -1) if tensor.ndim == 4 else -1
    is_share = bool(real.min() >= -_NEAR_ONE / 10 and real.max() <= 1 + _NEAR_ONE / 10)
    sums = real.sum(axis=axis)
    is_softmax = is_share and real.shape[axis] > 1 and bool(np.abs(sums - 1).max() <= _NEAR_ONE)

    def over(curve: curves.Curve) -> Change:
        def apply(array: Array) -> list[Array]:
            changed = curve(array.astype(np.float64) / q, axis) * q
            ways = [changed.astype(np.float32)]
            if array.dtype.kind in "iu":
                limits = np.iinfo(array.dtype)
                ways.append(np.clip(np.rint(changed), limits.min, limits.max).astype(array.dtype))
            return ways

        return apply

    if is_share:
        twice = say("applies sigmoid to {outputs}, whose values lie between 0 and 1 already", outputs="")
        yield Misread("AX404", "sigmoid-twice", twice, over(curves.logit), over(curves.sigmoid))
    else:
        missing = say("doesn't apply sigmoid to {outputs}", outputs="")
        yield Misread("AX404", "sigmoid-missing", missing, over(curves.sigmoid), _never)
    if is_softmax:
        twice = say("applies softmax to {outputs}, whose values sum to 1 already", outputs="")
        yield Misread("AX404", "softmax-twice", twice, over(curves.log), over(curves.softmax))
    elif real.shape[axis] > 1:
        missing = say("doesn't apply softmax to {outputs}", outputs="")
        yield Misread("AX404", "softmax-missing", missing, over(curves.softmax), _never)


def _never(tensor: Array) -> list[Array]:
    """No tensor makes a right reader forget its activation."""
    return []
