"""Faults inside the NPU: its copy of the weights, and activations while they are computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.fault import Array, Fault, Parameter, Value
from axpair_emulator.faults.known import require_known
from axpair_emulator.faults.state import last_tensors
from axpair_emulator.program import Op, Program

_TRIES = 8
"""Weights tried for one whose flipped bit reaches the outputs."""
_ENOUGH = 0.9
"""A cosine below which it most likely does."""


class WeightBit(Fault):
    """One bit of one weight, in the copy that only the device has."""

    name = "weight-bit"
    summary = "one bit of one weight is flipped in the device's copy of the model"
    code = "AX306"
    parameters = {  # noqa: RUF012
        "bit": Parameter(6, "which bit of the weight, 0 being the lowest, its sign excepted", 0, 14),
        "op": Parameter("", "name of the operator; by default the seed chooses one whose flip reaches an output"),
    }

    def loaded(self, executor: Executor) -> Executor:
        """Flip the bit; of the seed's choices the one that changes the answers most, or enough."""
        from axpair_emulator.faults.effect import stimulus, strongest

        program, named = executor.program, self.text("op")
        ops = [op for op in program.ops if "weight" in op.arrays]
        if not ops:
            raise FaultError(
                "no operator of this model has weights", next_step="choose another fault, or another model"
            )
        if named:
            require_known("operator", named, (op.name for op in ops), "with weights")
            ops = [op for op in ops if op.name == named]
        widest = max(_bits(program, op) for op in ops)
        ops = [op for op in ops if self.number("bit") < _bits(program, op)]
        if not ops:
            raise FaultError(
                f"bit is {self.number('bit')}, but {f'the weights of {named!r}' if named else 'all weights'} have the "
                f"bits 0 to {widest - 1} below their sign",
                next_step="give one of those",
            )
        random = self.random()
        inputs = stimulus(program, random)
        flips = (self._flip(program, ops[int(random.integers(len(ops)))], random) for _ in range(_TRIES))
        return strongest(executor, flips, inputs, enough=_ENOUGH)

    def _flip(self, program: Program, op: Op, random: np.random.Generator) -> Program:
        key = op.arrays["weight"]
        weight = program.arrays[key].copy()
        at = np.unravel_index(int(random.integers(weight.size)), weight.shape)
        weight[at] ^= weight.dtype.type(1 << self.number("bit"))
        return dataclasses.replace(program, arrays={**program.arrays, key: weight})


def _bits(program: Program, op: Op) -> int:
    """Of an operator's weights, the sign apart."""
    return 8 * program.arrays[op.arrays["weight"]].itemsize - 1


class Race(Fault):
    """An operator's result is read before parts of it are written: what the memory held before is used instead."""

    name = "race"
    summary = "tiles of a result are read before they are written, other ones in every run"
    code = "AX301"
    parameters = {  # noqa: RUF012
        "tensor": Parameter("", "name of the tensor; by default those that the outputs are made of"),
        "tiles": Parameter(8, "into how many tiles the tensor is cut", 2, 4096),
    }

    def __init__(self, values: Mapping[str, Value], seed: int) -> None:
        super().__init__(values, seed)
        self._tensors = {self.text("tensor")}
        self._before: Array = np.zeros(1, np.uint8)
        # A race has no seed: that is what it is.
        self._chance = np.random.default_rng()

    def loaded(self, executor: Executor) -> Executor:
        """Only find out which tensors are concerned. Raises FaultError for one that no operator makes."""
        if self.text("tensor"):
            made = (op.output for op in executor.program.ops)
            require_known("tensor", self.text("tensor"), made, "in the NPU's memory")
        else:
            self._tensors = last_tensors(executor.program)
        return executor

    def activation(self, tensor: str, codes: Array) -> Array:
        """Replace one to three tiles by what another tensor left in the same memory."""
        before, self._before = self._before, codes
        if tensor not in self._tensors:
            return codes
        late: Array = codes.copy()
        flat = late.reshape(-1)
        left = np.resize(before.astype(late.dtype, copy=False).reshape(-1), flat.shape)
        size = max(1, flat.size // max(1, self.number("tiles")))
        for _ in range(int(self._chance.integers(1, 4))):
            start = int(self._chance.integers(flat.size // size)) * size
            # A moment earlier or later, and the memory holds something else.
            flat[start : start + size] = np.roll(left, int(self._chance.integers(left.size)))[start : start + size]
        return late
