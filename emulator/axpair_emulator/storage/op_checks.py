"""Checks the numbers inside a stored operator: within the bounds that `program.py` promises to the cmodel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from axpair_emulator.program import WIDEST_PAD, Op, Program
from axpair_emulator.storage.input_checks import INPUT_KINDS, input_defect
from axpair_emulator.storage.pick_checks import PICKING, lookup_defect, picking_defect

MAX_ELEMENTS = 1 << 28
"""Of one tensor."""
_LARGEST = 1 << 24
_ROLE_DTYPES = {
    "weight": ("int8", "int16"),
    "bias": ("int32",),
    "multiplier": ("int64",),
    "shift": ("int64",),
    "table": ("uint8", "uint16", "int64"),
    "taps": ("int64",),
    "weights": ("int64",),
    "indices": ("int64",),
}
_ROLES = {
    "channel_lut": ("table",),
    "lut": ("table",),
    "lookup": ("table",),
    "softmax": ("table",),
    "conv": ("weight", "bias", "multiplier", "shift"),
    "conv_transpose": ("weight", "bias", "multiplier", "shift"),
    "gemm": ("weight", "bias", "multiplier", "shift"),
}
_INTEGERS = ("lo", "hi", "group", "axis", "value", "multiplier", "shift")
_LISTS = (
    *("strides", "pads", "dilations", "output_padding", "multipliers", "axes", "kernel", "factors"),
    *("shape", "perm", "starts", "ends", "steps", "matrix", "offsets"),
)


def op_defect(op: Op, program: Program) -> str:
    """What is wrong with an operator's attributes or arrays; "" when nothing is."""
    arrays = {role: program.arrays[key] for role, key in op.arrays.items()}
    missing = [role for role in _ROLES.get(op.kind, ()) if role not in arrays]
    if missing:
        return f"it has no {missing[0]}"
    if op.kind in INPUT_KINDS:
        return input_defect(op, program, arrays) or _attribute_defect(op, program)
    return _array_defect(op, program, arrays) or _attribute_defect(op, program)


def _array_defect(op: Op, program: Program, arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    for role, array in arrays.items():
        if str(array.dtype) not in _ROLE_DTYPES.get(role.partition("_")[0], ()):
            return f"its {role} is {array.dtype}"
    if op.kind == "lookup":
        return lookup_defect(op, program, arrays)
    if op.kind in PICKING:
        return picking_defect(op, program, arrays)
    if op.kind in ("concat", "maximum", "minimum") and len(arrays) != len(op.inputs):
        return f"it has {len(arrays)} tables for {len(op.inputs)} inputs"
    if "shift" in arrays:
        places = (math.prod(program.tensors[op.output].shape[2:]),)
        channels = arrays["bias"].shape if "bias" in arrays else places
        if "multiplier" not in arrays or not arrays["multiplier"].shape == arrays["shift"].shape == channels:
            return "its bias, multiplier and shift differ in length"
        return _multiplier_defect(arrays["multiplier"].tolist(), arrays["shift"].tolist())
    for name, role in zip(op.inputs, arrays, strict=False):
        codes = program.tensors[name].top + 1 if name in program.tensors else 256
        if arrays[role].shape[-1:] != (codes,):
            return f"its {role} has the shape {arrays[role].shape}, not {codes} entries"
        if op.kind == "softmax" and not _within(arrays[role].ravel().tolist(), 0, 1 << 30):
            return "its table leaves 0 to 2^30"
    return ""


def _attribute_defect(op: Op, program: Program) -> str:
    top = program.tensors[op.output].top
    for key, value in op.attrs.items():
        if key in _INTEGERS and not (type(value) is int and -_LARGEST <= value <= _LARGEST):
            return f"its {key} is {value!r}"
        if key in _LISTS and not (isinstance(value, list) and _within(value, -_LARGEST, _LARGEST)):
            return f"its {key} is {value!r}"
        if key in ("lo", "hi", "value") and not 0 <= value <= top:
            return f"its {key} is {value}, outside 0 to {top}"
        if key in ("strides", "dilations", "kernel", "factors") and min(value, default=1) < 1:
            return f"its {key} is {value}"
    if "steps" in op.attrs and 0 in op.attrs["steps"]:
        return "a step is 0"
    if op.kind in ("pad", "resize_nearest") and _grown(op, program) != list(program.tensors[op.output].shape):
        return f"its output has the shape {program.tensors[op.output].shape}, not {_grown(op, program)}"
    if op.kind != "pad" and max(op.attrs.get("pads", []), default=0) > WIDEST_PAD:
        return f"its pads are {op.attrs['pads']}"
    if "shift" in op.attrs:
        multiplier = op.attrs.get("multiplier", 0)
        return _multiplier_defect([multiplier], [op.attrs["shift"]])
    return ""


def _grown(op: Op, program: Program) -> list[int]:
    """The output shape of the operators that can make much out of little."""
    shape = list(program.tensors[op.inputs[0]].shape) if op.inputs and op.inputs[0] in program.tensors else []
    if op.kind == "pad":
        pads = op.attrs.get("pads", [])
        return [length + sum(pads[axis :: len(shape)]) for axis, length in enumerate(shape)]
    factors = [1] * (len(shape) - 2) + op.attrs.get("factors", [])
    return [length * factor for length, factor in zip(shape, factors, strict=False)]


def _multiplier_defect(multipliers: list[int], shifts: list[int]) -> str:
    if not _within(multipliers, 0, (1 << 22) - 1) or not _within(shifts, 1, 52):
        return "a multiplier or shift is out of bounds"
    return ""


def _within(values: Iterable[Any], low: int, high: int) -> bool:
    return all(type(value) is int and low <= value <= high for value in values)


def too_large(shape: tuple[int, ...]) -> bool:
    """Whether a shape has a negative length or more elements than any tensor may have."""
    return any(length < 0 for length in shape) or math.prod(shape) > MAX_ELEMENTS
