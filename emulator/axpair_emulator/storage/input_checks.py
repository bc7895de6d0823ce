"""Checks the operators of the joint's input side: within the bounds that `program.py` promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from axpair_emulator.program import Op, Program

INPUT_KINDS = ("affine", "yuv_planes", "color_matrix")
_EXACT = 1 << 24
_MULTIPLIER = 1 << 22
_OFFSET = 1 << 52


def input_defect(op: Op, program: Program, arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """What is wrong with an operator of INPUT_KINDS; "" when nothing is."""
    made = program.tensors[op.output].shape
    if op.kind == "affine":
        return _affine_defect(op, made, arrays)
    source = program.tensors.get(op.inputs[0]) if len(op.inputs) == 1 else None
    if source is None or source.bits != 8 or program.tensors[op.output].bits != 8:
        return "it isn't between two tensors of bytes"
    if arrays:
        return f"it has arrays: {', '.join(arrays)}"
    given = source.shape
    if len(given) != 4 or len(made) != 4:
        return f"its shapes are {given} and {made}"
    if op.kind == "yuv_planes":
        batch, _, height, width = made
        fits = height % 2 == 0 and width % 2 == 0 and given == (batch, 1, height * 3 // 2, width)
        if not fits or made[1] != 3 or op.attrs.get("v_first") not in (0, 1):
            return f"its shapes are {given} and {made}, v_first is {op.attrs.get('v_first')!r}"
        return ""
    return _matrix_defect(op, given, made)


def _affine_defect(op: Op, made: tuple[int, ...], arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    if sorted(arrays) != ["multiplier", "offset"] or len(op.inputs) != 1:
        return "it hasn't one multiplier and one offset"
    channels = (made[1],) if len(made) == 4 else (1,)
    if any(array.shape != channels for array in arrays.values()):
        return f"its multiplier and offset haven't {channels[0]} numbers each"
    for role, most in (("multiplier", _MULTIPLIER), ("offset", _OFFSET - 1)):
        if str(arrays[role].dtype) != "int64" or np.any(arrays[role] > most) or np.any(arrays[role] < -most):
            return f"its {role} is out of bounds"
    return "" if _is_shift(op) else f"its shift is {op.attrs.get('shift')!r}"


def _matrix_defect(op: Op, given: tuple[int, ...], made: tuple[int, ...]) -> str:
    matrix, offsets = op.attrs.get("matrix"), op.attrs.get("offsets")
    if (given[0], *given[2:]) != (made[0], *made[2:]) or not isinstance(matrix, list) or not isinstance(offsets, list):
        return f"its shapes are {given} and {made}"
    if len(matrix) != given[1] * made[1] or len(offsets) != made[1]:
        return f"its matrix has {len(matrix)} numbers and {len(offsets)} offsets for {given[1]} to {made[1]} channels"
    if not _is_shift(op) or not all(type(value) is int for value in (*matrix, *offsets)):
        return "its matrix, offsets and shift aren't whole numbers"
    half = 1 << (op.attrs["shift"] - 1)
    for channel, offset in enumerate(offsets):
        row = matrix[channel * given[1] : (channel + 1) * given[1]]
        above = 255 * sum(value for value in row if value > 0) + max(offset, 0) + half
        below = 255 * sum(value for value in row if value < 0) + min(offset, 0)
        if above > _EXACT or below < -_EXACT:
            return "its sums leave 2^24"
    return ""


def _is_shift(op: Op) -> bool:
    shift = op.attrs.get("shift")
    return type(shift) is int and 1 <= shift <= 52
