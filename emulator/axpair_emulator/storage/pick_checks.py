"""Checks of the operators that pick elements by stored indices: nothing beyond their input, nothing too large."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from axpair_emulator.batch import of_items
from axpair_emulator.program import Op, Program

PICKING = ("gather", "resize_linear")
MAX_ELEMENTS = 1 << 28
"""Of what stands between two axes."""
MAX_WEIGHT_BITS = 18
"""Of a linear Resize."""


def picking_defect(op: Op, program: Program, arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """What is wrong with its axes, indices or weights; "" when nothing is."""
    shape = list(program.tensors[op.inputs[0]].shape) if op.inputs and op.inputs[0] in program.tensors else []
    axes = op.attrs.get("axes")
    if not isinstance(axes, list) or len(set(map(str, axes))) != len(axes):
        return f"its axes are {axes!r}"
    if any(type(axis) is not int or not 0 <= axis < len(shape) for axis in axes):
        return f"its axes {axes} aren't those of {tuple(shape)}"
    role = "indices" if op.kind == "gather" else "taps"
    for index, axis in enumerate(axes):
        places = arrays.get(f"{role}_{index}")
        if places is None or places.ndim != (1 if op.kind == "gather" else 2):
            return f"it has no {role}_{index}"
        if places.size and not (places.min() >= 0 and places.max() < shape[axis]):
            return f"its {role}_{index} reach from {places.min()} to {places.max()} of {shape[axis]}"
        if op.kind == "resize_linear":
            defect = _weights_defect(op, places, arrays.get(f"weights_{index}"))
            if defect:
                return defect
        shape[axis] = len(places)
        if math.prod(shape) > MAX_ELEMENTS:
            return f"it makes {tuple(shape)} on its way, more than {MAX_ELEMENTS} elements"
    wanted = program.tensors[op.output].shape
    if math.prod(shape) != math.prod(wanted) or (op.kind != "gather" and tuple(shape) != wanted):
        return f"it gives {tuple(shape)}, not {wanted}"
    return ""


def lookup_defect(op: Op, program: Program, arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """What is wrong with a table whose rows an input picks; "" when nothing is."""
    port = next((one for one in program.inputs if list(op.inputs) == [one.tensor]), None)
    if port is None or not port.dtype.lstrip("u").startswith("int"):
        return "it doesn't read an input of whole numbers"
    table, made = arrays["table"], program.tensors[op.output]
    if table.ndim != 2 or not len(table) or table.dtype != made.dtype:
        return f"its table is {table.dtype} {table.shape}"
    wanted = math.prod(of_items(port, 1).shape) * table.shape[1]
    return "" if wanted == math.prod(made.shape) else f"it gives {wanted} elements, not {made.shape}"


def _weights_defect(op: Op, taps: np.ndarray[Any, Any], weights: np.ndarray[Any, Any] | None) -> str:
    bits = op.attrs.get("bits")
    if type(bits) is not int or not 1 <= bits <= MAX_WEIGHT_BITS or len(op.attrs["axes"]) > 2:
        return f"its weights have {bits!r} bits on {len(op.attrs['axes'])} axes"
    if weights is None or taps.shape[1] != 2 or weights.shape != taps.shape:
        return "its taps and weights don't pair up"
    if weights.size and (weights.min() < 0 or (weights.sum(axis=1) != 1 << bits).any()):
        return f"its weights don't add up to 2^{bits}"
    return ""
