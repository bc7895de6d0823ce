"""A simulated tensor in the form that its output is declared in: toolchains store the same values in several."""

import itertools
import math
import operator
from typing import Any

import numpy as np

from axpair_host.evidence.record import OutputFacts

Array = np.ndarray[Any, Any]
_NHWC_OF_NCHW, _NCHW_OF_NHWC = (0, 2, 3, 1), (0, 3, 1, 2)


def as_declared(tensor: Array, output: OutputFacts) -> Array:
    """The same values in the declared shape and dtype; the tensor as it is where they can't be brought there.

    Four axes in the other layout are turned, neighboring axes joined or taken apart, floats and whole numbers of
    another width are converted where they fit, and floats of an output with a Q become its whole numbers.
    """
    if (tensor.dtype.name, tensor.shape) == (output.dtype, output.shape):
        return tensor
    arranged = _shaped(tensor, output.shape)
    return tensor if arranged is None else _typed(arranged, output)


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
