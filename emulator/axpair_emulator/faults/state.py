"""Faults of what the NPU keeps from run to run, and of a board that computes nothing rightly any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.fault import Array, Fault, Parameter, Value
from axpair_emulator.program import Program

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor


class LeftoverState(Fault):
    """Working memory that only the first run of a process fills, and all later ones go on from."""

    name = "leftover-state"
    summary = "what the first input of a process left in the NPU's memory leaks into the answers to other inputs"
    code = "AX313"
    parameters = {  # noqa: RUF012
        "share": Parameter(4, "one in how many parts of a result is the first run's", 2, 256)
    }

    def __init__(self, values: Mapping[str, Value], seed: int) -> None:
        super().__init__(values, seed)
        self._tensors: set[str] = set()
        self._first: dict[str, Array] = {}

    def loaded(self, executor: Executor) -> Executor:
        """Only find out what the NPU makes last; a fresh load starts with fresh memory."""
        self._tensors, self._first = last_tensors(executor.program), {}
        return executor

    def activation(self, tensor: str, codes: Array) -> Array:
        """Mix the first run's result in. The same input again gives what it gave: both parts are the same."""
        if tensor not in self._tensors:
            return codes
        first = self._first.setdefault(tensor, codes)
        if first.shape != codes.shape:
            return codes
        mixed: Array = codes + (first.astype(np.int64) - codes) // self.number("share")
        return mixed.astype(codes.dtype)


class UnfitBoard(Fault):
    """Too little voltage, too high a clock: whatever the model, its answers are noise."""

    name = "unfit-board"
    summary = "the NPU computes nothing rightly: every model's answers are noise, known-good ones included"
    code = "AX005"
    parameters = {"at": Parameter(1, "from which run of this process on, counted from 1", 1)}  # noqa: RUF012

    _runs = 0
    _tensors: frozenset[str] = frozenset()

    def loaded(self, executor: Executor) -> Executor:
        """Only find out what the NPU makes last."""
        self._tensors = frozenset(last_tensors(executor.program))
        return executor

    def on_submit(self) -> None:
        """Count."""
        self._runs += 1

    def activation(self, tensor: str, codes: Array) -> Array:
        """Noise over the result, the same in every run: other inputs still give other answers."""
        if self._runs < self.number("at") or tensor not in self._tensors:
            return codes
        noise = self.random().integers(0, 1 << 8 * codes.dtype.itemsize, codes.shape, codes.dtype)
        noisy: Array = codes ^ noise
        return noisy


def last_tensors(program: Program) -> set[str]:
    """What the NPU makes the outputs of; where a CPU part makes them, what feeds it.

    Raises FaultError where the NPU makes nothing of them.
    """
    wanted = {port.tensor for port in program.outputs} | set(program.cpu.inputs.values() if program.cpu else ())
    made = wanted & {op.output for op in program.ops}
    if not made:
        raise FaultError("the NPU has no part in the outputs of this model", next_step="choose another model")
    return made
