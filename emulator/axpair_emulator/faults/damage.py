"""Damaged copies of a program: what both the device's memory and a faulty compiler do to a model."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from axpair_emulator.faults.fault import Array
from axpair_emulator.program import Op, Program

_FACTOR_BITS = 20


def table_roles(op: Op) -> list[str]:
    """The roles of an operator's tables from codes to codes: of lut, channel_lut and concat."""
    return [role for role in op.arrays if role.startswith("table")] if op.kind != "softmax" else []


def operand_of(op: Op, role: str) -> str:
    """The tensor whose codes a table is looked up with."""
    return op.inputs[int(role.removeprefix("table_"))] if role.startswith("table_") else op.inputs[0]


def with_entries(program: Program, op: Op, role: str, codes: Sequence[int], bit: int) -> Program:
    """One bit flipped in a table's entries for these codes; of a table for each channel, in all channels."""
    table = program.arrays[op.arrays[role]].copy()
    table[..., list(codes)] ^= table.dtype.type(1 << bit)
    return _with_array(program, op, role, table)


def with_scaled_multipliers(program: Program, op: Op, doublings: int) -> Program:
    """All multipliers of an operator times a power of two (below 0: too small), as far as their shifts allow."""
    shift = program.arrays[op.arrays["shift"]]
    return _with_array(program, op, "shift", np.clip(shift - doublings, 1, 52).astype(shift.dtype))


def without_bias(program: Program, op: Op) -> Program:
    """All biases of an operator zero."""
    return _with_array(program, op, "bias", np.zeros_like(program.arrays[op.arrays["bias"]]))


def with_shifted_weights(program: Program, op: Op) -> Program:
    """The filters of an operator one place on: each output channel has its neighbour's."""
    axis = {"conv": 0, "conv_transpose": 1}.get(op.kind, -1)
    return _with_array(program, op, "weight", np.roll(program.arrays[op.arrays["weight"]], 1, axis))


def with_moved_padding(program: Program, op: Op) -> Program:
    """The padding of an operator all at the end of each axis: sizes stay, the image moves."""
    pads = list(op.attrs["pads"])
    half = len(pads) // 2
    moved = [0] * half + [before + after for before, after in zip(pads[:half], pads[half:], strict=True)]
    return _with_op(program, op, attrs={**op.attrs, "pads": moved})


def with_other_normalisation(program: Program, op: Op) -> Program:
    """The input's table with each channel's mean and std given to the next; half the contrast where they are alike."""
    table = program.arrays[op.arrays["table"]]
    other = np.roll(table, 1, 0)
    if np.array_equal(other, table):
        other = table[:, np.arange(table.shape[1]) // 2]
    return _with_array(program, op, "table", np.ascontiguousarray(other))


def with_swapped_outputs(program: Program, first: int, second: int) -> Program:
    """Two outputs made of each other's tensors, under their own names."""
    outputs = list(program.outputs)
    one, other = outputs[first], outputs[second]
    outputs[first], outputs[second] = (
        dataclasses.replace(one, tensor=other.tensor),
        dataclasses.replace(other, tensor=one.tensor),
    )
    return dataclasses.replace(program, outputs=tuple(outputs))


def with_scaled_output(program: Program, index: int, factor: float) -> Program:
    """An output whose codes become values by another number; what else reads its tensor is left alone."""
    tensor = program.tensors[program.outputs[index].tensor]
    scaled = dataclasses.replace(tensor, scale=tensor.scale * factor)
    return dataclasses.replace(program, tensors={**program.tensors, tensor.name: scaled})


def with_swapped_parts(program: Program, op: Op, first: int, second: int) -> Program:
    """Two inputs of a concat in each other's place, each with its own table."""
    order = list(range(len(op.inputs)))
    order[first], order[second] = second, first
    arrays = {f"table_{place}": op.arrays[f"table_{source}"] for place, source in enumerate(order)}
    return _with_op(program, op, inputs=tuple(op.inputs[source] for source in order), arrays=arrays)


def with_other_instruction(program: Program, op: Op) -> Program:
    """An add run as a subtraction (and the reverse), a mul run as an add of the same operands."""
    if op.kind == "add":
        first, second = op.attrs["multipliers"]
        return _with_op(program, op, attrs={**op.attrs, "multipliers": [first, -second]})
    scale = program.tensors[op.output].scale
    ratios = [program.tensors[name].scale / scale for name in op.inputs]
    shift = _FACTOR_BITS - math.frexp(max(ratios))[1]
    factors = [round(math.ldexp(ratio, shift)) for ratio in ratios]
    clamp = {name: op.attrs[name] for name in ("lo", "hi")}
    return _with_op(program, op, kind="add", attrs={"multipliers": factors, "shift": shift, **clamp})


def _with_array(program: Program, op: Op, role: str, array: Array) -> Program:
    arrays: Mapping[str, Array] = {**program.arrays, op.arrays[role]: array}
    return dataclasses.replace(program, arrays=arrays)


def _with_op(program: Program, op: Op, **changes: object) -> Program:
    changed = dataclasses.replace(op, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(program, ops=tuple(changed if one is op else one for one in program.ops))
