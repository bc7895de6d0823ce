"""A tensor in the form that its output is declared in: toolchains, and users who dump outputs themselves, store the
same values in several."""

import itertools
import math
import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from axpair_proto.dtypes import ITEM_BYTES
from axpair_proto.gt.tensors import bin_size

from axpair_host.evidence.record import OutputFacts

Array = np.ndarray[Any, Any]
_NHWC_OF_NCHW, _NCHW_OF_NHWC = (0, 2, 3, 1), (0, 3, 1, 2)
_MOST_AXES = 5
FLOAT_LEGS = ("golden", "onnx", "lava_joint")
"""Legs that differ from the compiled model's as bytes in every healthy case."""
_FLOAT_BYTES = ITEM_BYTES["float32"]
_LOOKED_AT = 64
"""Elements that are held against each other before all are."""


def as_declared(tensor: Array, output: OutputFacts) -> Array:
    """The same values in the declared shape and dtype; the tensor as it is where they can't be brought there.

    Four axes in the other layout are turned, neighboring axes joined or taken apart, floats and whole numbers of
    another width are converted where they fit, and floats of an output with a Q become its whole numbers.
    """
    if (tensor.dtype.name, tensor.shape) == (output.dtype, output.shape):
        return tensor
    arranged = _shaped(tensor, output.shape)
    return tensor if arranged is None else _typed(arranged, output)


def float_form(stem: Path, dtype: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """What a float leg's tensor is to be read as: its lone .bin of four bytes for each element of a narrower declared
    dtype holds float32, as the ONNX model gives; anything else is as declared. Raises UnreadableTensor."""
    raw = stem.with_name(f"{stem.name}.bin")
    if ITEM_BYTES[dtype] >= _FLOAT_BYTES or not math.prod(shape) or stem.with_name(f"{stem.name}.npy").is_file():
        return dtype, shape
    return ("float32", shape) if bin_size(raw) == _FLOAT_BYTES * math.prod(shape) else (dtype, shape)


def same_values(tensor: Array, right: Array) -> str:
    """In which other form `tensor` holds exactly what `right` does, in words that go on "it is"; "" where it doesn't,
    or where it is the same form.

    Another shape of the same elements, another order of the axes, a dtype that holds each value of right's. Flat uint8
    counts as bytes that nobody typed.
    """
    tensor, right = (one.astype(one.dtype.newbyteorder("="), copy=False) for one in (tensor, right))
    if not right.size or (tensor.dtype == right.dtype and tensor.shape == right.shape and _equal(tensor, right)):
        return ""
    for dtype in _wide_enough(tensor, right):
        with np.errstate(invalid="ignore"):
            wide = right.astype(dtype)
            if not _equal(wide.astype(right.dtype), right):
                continue
        given = np.ascontiguousarray(tensor).reshape(-1).view(dtype)
        for order in _orders(right):
            if not _equal(given[:_LOOKED_AT], _first(wide.transpose(order))):
                continue
            if _equal(given, np.ascontiguousarray(wide.transpose(order)).reshape(-1)):
                shape = tensor.shape if tensor.dtype == dtype else given.shape
                return _form(dtype.name, shape, order)
    return ""


def as_dumped(tensor: Array, dtype: str, shape: tuple[int, ...], right: Array | None) -> tuple[Array, str]:
    """What a user's own dump holds, in the declared form, and in which form it was; "" where it lies as declared, or
    can't be brought there without a loss. `right` is the simulator's, whose very values are known in any order."""
    tensor = tensor.astype(tensor.dtype.newbyteorder("="), copy=False)
    if right is not None and (words := same_values(tensor, right)):
        return right, words
    wanted = np.dtype(dtype)
    if (tensor.dtype, tensor.shape) == (wanted, shape) or not np.can_cast(wanted, tensor.dtype, "safe"):
        return tensor, ""
    arranged = _shaped(tensor, shape)
    if arranged is None:
        return tensor, ""
    with np.errstate(invalid="ignore", over="ignore"):
        converted = arranged.astype(wanted)
        if not _equal(converted.astype(tensor.dtype), arranged):
            return tensor, ""
    return converted, _form(tensor.dtype.name, tensor.shape, tuple(range(tensor.ndim)))


def _wide_enough(tensor: Array, right: Array) -> Iterator["np.dtype[Any]"]:
    """The dtype in which `tensor` may hold what `right` does; of mere bytes, each of its size."""
    is_typed = tensor.dtype != np.uint8 or tensor.ndim != 1 or tensor.size == right.size
    wider = tensor.nbytes // right.size
    for name in [tensor.dtype.name] if is_typed else ITEM_BYTES:
        dtype = np.dtype(name)
        if dtype.itemsize == wider and tensor.nbytes == wider * right.size and np.can_cast(right.dtype, dtype, "safe"):
            yield dtype


def _orders(right: Array) -> Iterator[tuple[int, ...]]:
    """Orders of the axes: as they are, then the two layouts, then the others, axes of one element apart."""
    plain = tuple(range(right.ndim))
    yield plain
    if right.ndim == 4:
        yield from (_NHWC_OF_NCHW, _NCHW_OF_NHWC)
    long = [axis for axis in plain if right.shape[axis] > 1]
    if len(long) <= _MOST_AXES:
        for order in itertools.permutations(long):
            yield (*(axis for axis in plain if axis not in long), *order)


def _first(tensor: Array) -> Array:
    return np.array(list(itertools.islice(tensor.flat, _LOOKED_AT)), tensor.dtype)


def _equal(one: Array, other: Array) -> bool:
    return one.nbytes == other.nbytes and one.tobytes() == other.tobytes()


def _form(dtype: str, shape: tuple[int, ...], order: tuple[int, ...]) -> str:
    words = f"{dtype} {list(shape)}"
    if order == tuple(range(len(order))):
        return words
    layouts: dict[tuple[int, ...], str] = {_NHWC_OF_NCHW: ", as NHWC is of NCHW", _NCHW_OF_NHWC: ", as NCHW is of NHWC"}
    return f"{words} in the order of the axes {', '.join(map(str, order))}{layouts.get(order, '')}"


def _shaped(tensor: Array, shape: tuple[int, ...]) -> Array | None:
    if tensor.shape == shape:
        return tensor
    if tensor.ndim == len(shape) == 4:
        for order in (_NHWC_OF_NCHW, _NCHW_OF_NHWC):
            if tuple(tensor.shape[axis] for axis in order) == shape:
                return np.ascontiguousarray(tensor.transpose(order))
    # Where one shape only joins neighboring axes of the other, the order of the elements is the same.
    ends, declared = (set(itertools.accumulate(one, operator.mul)) - {1} for one in (tensor.shape, shape))
    same_order = tensor.size == math.prod(shape) and (ends <= declared or declared <= ends)
    return tensor.reshape(shape) if same_order else None


def _typed(tensor: Array, output: OutputFacts) -> Array:
    wanted = np.dtype(output.dtype)
    if tensor.dtype == wanted:
        return tensor
    if wanted.kind == "f" and tensor.dtype.kind in "fiu":
        return tensor.astype(wanted)
    if wanted.kind not in "iu" or tensor.dtype.kind not in "fiu" or not np.isfinite(tensor).all():
        return tensor
    if tensor.dtype.kind == "f" and not output.q:
        return tensor
    whole = np.rint(tensor * output.q) if tensor.dtype.kind == "f" else tensor
    limits = np.iinfo(wanted)
    if tensor.dtype.kind == "f":
        whole = whole.clip(limits.min, limits.max)
    elif whole.size and not limits.min <= whole.min() <= whole.max() <= limits.max:
        return tensor
    return whole.astype(wanted)
