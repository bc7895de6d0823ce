"""Execution of a program: operators prepared once, tensors freed after their last use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from axpair_emulator import ports
from axpair_emulator.batch import one_item, run_items
from axpair_emulator.cmodel.cpu import prepare_cpu_part
from axpair_emulator.cmodel.kinds import KINDS, Kinds
from axpair_emulator.cmodel.regions import Regions
from axpair_emulator.cmodel.selftest import require_exact_kernels
from axpair_emulator.cmodel.site import Array, Kernel, Site
from axpair_emulator.errors import EmulatorError, InputError
from axpair_emulator.program import Op, Program, Tensor

Tap = Callable[[str, Array], None]
Alter = Callable[[str, Array], Array]


class Executor:
    """A prepared program. Running it gives the same bits on every CPU, with any number of threads, on every run.

    `threads` is the number that the kernels use: onnxruntime's for convolutions and products; the rest is done by
    the calling thread. `like` is an executor of a program that shares operators with this one: what it has prepared
    is used again. `kinds` says what prepares an operator; other ones than the cmodel's own are how faults of
    arithmetic come in. By default they are those of `like`.
    Raises EmulatorError for a kind it doesn't know and where the self-test fails.
    """

    def __init__(
        self, program: Program, threads: int = 1, like: Executor | None = None, kinds: Kinds | None = None
    ) -> None:
        require_exact_kernels()
        self.program = program
        self._inputs, self._outputs = one_item(program.inputs), one_item(program.outputs)
        self.threads = max(1, threads)
        self.kinds: Kinds = kinds or (like.kinds if like is not None else KINDS)
        alike = like is not None and like.threads == self.threads and like.kinds is self.kinds
        self._kernels: list[Kernel] = [
            like._kernels[index]
            if like is not None and alike and _same(like.program, program, index)
            else _prepare(Site(program, op, self.threads), self.kinds)
            for index, op in enumerate(program.ops)
        ]
        self._cpu = prepare_cpu_part(program.cpu) if program.cpu else None
        self._last = Counter(port.tensor for port in program.outputs)
        if program.cpu:
            self._last.update(program.cpu.inputs.values())
        self._uses = self._last + Counter(name for op in program.ops for name in op.inputs)
        self._tried = False
        self._regions: Regions | None = None

    def run(self, inputs: Mapping[str, bytes], tap: Tap | None = None, alter: Alter | None = None) -> dict[str, Array]:
        """Run on the joint's input bytes; returns its outputs by port name, in the joint's dtype, shape and layout.

        `tap` sees the codes of every operator's output as it is computed, and must not change them. `alter` says
        what stands in the device's memory after an operator in place of what was computed: the way in for faults.
        Raises InputError on missing inputs and on wrong sizes.
        """
        return run_items(self.program.inputs, inputs, lambda given: self._run_item(given, tap, alter))

    def _run_item(self, inputs: Mapping[str, bytes], tap: Tap | None, alter: Alter | None) -> dict[str, Array]:
        codes: dict[str, Array] = {}
        for port in self._inputs:
            if port.name not in inputs:
                raise InputError(f"the joint's input {port.name!r} is missing; given: {', '.join(inputs) or 'none'}")
            codes[port.tensor] = ports.input_planes(port, inputs[port.name])
        if tap is None and alter is None and self._tried and self.kinds is KINDS:
            self._whole(codes)
        else:
            self._one_by_one(codes, tap, alter)
            self._tried = True
        made = self._run_cpu_part(codes)
        return {
            port.name: ports.output_values(
                port, made[port.tensor] if port.cpu_part else self._values(port.tensor, codes)
            )
            for port in self._outputs
        }

    def _whole(self, codes: dict[str, Array]) -> None:
        """Run in as few graphs as possible: only what has once been run, and so checked, operator by operator."""
        if self._regions is None:
            self._regions = Regions(self.program, self.threads, self.run_op, list(self._last.elements()))
        self._regions(codes)

    def _one_by_one(self, codes: dict[str, Array], tap: Tap | None, alter: Alter | None) -> None:
        left = Counter(self._uses)
        for index, op in enumerate(self.program.ops):
            result = self.run_op(index, codes)
            if alter is not None:
                result = alter(op.output, result)
            if tap is not None:
                tap(op.output, result)
            codes[op.output] = result
            for name in op.inputs:
                left[name] -= 1
                if not left[name]:
                    codes.pop(name, None)

    def _run_cpu_part(self, codes: Mapping[str, Array]) -> dict[str, Array]:
        part = self.program.cpu
        if part is None or self._cpu is None:
            return {}
        tensors = self.program.tensors
        return self._cpu(
            {name: self._values(name, codes) if name in tensors else codes[name] for name in part.inputs.values()}
        )

    def run_op(self, index: int, operands: Mapping[str, Array]) -> Array:
        """Run one operator on given codes, by tensor name (constants needn't be given); returns its output's codes."""
        op = self.program.ops[index]
        given = [operands[name] if name in operands else self._constant(name) for name in op.inputs]
        try:
            result = self._kernels[index](given)
        except Exception as error:  # see `_prepare`
            raise _unfit(op, error) from error
        declared = self.program.tensors[op.output]
        if result.shape != declared.shape or result.dtype != declared.dtype:
            raise EmulatorError(
                f"the operator {op.name!r} ({op.kind}) gave {result.dtype} {result.shape}; "
                f"the joint declares {declared.dtype} {declared.shape}",
                next_step="build the joint again with this version",
            )
        return result

    def _constant(self, name: str) -> Array:
        if name not in self.program.arrays:
            raise EmulatorError(f"the tensor {name!r} is neither computed before its use nor a constant")
        return self.program.arrays[name]

    def _values(self, name: str, codes: Mapping[str, Array]) -> Array:
        return real_values(self.program.tensors[name], codes[name])


def real_values(tensor: Tensor, codes: Array) -> Array:
    """(code - zero_point) * scale in float32: one rounding, the same everywhere."""
    values: Array = (codes.astype(np.float32) - np.float32(tensor.zero_point)) * np.float32(tensor.scale)
    return values


def _same(one: Program, other: Program, index: int) -> bool:
    """Whether two programs have the very same operator, tensors and arrays at this place."""
    if index >= len(one.ops) or one.ops[index] is not other.ops[index]:
        return False
    op = one.ops[index]
    return all(one.arrays.get(key) is other.arrays.get(key) for key in op.arrays.values()) and all(
        one.tensors.get(name) is other.tensors.get(name) for name in (*op.inputs, op.output)
    )


def _prepare(site: Site, kinds: Kinds) -> Kernel:
    if site.op.kind not in kinds:
        raise EmulatorError(
            f"the operator {site.op.name!r} is of the unknown kind {site.op.kind!r}; known: {', '.join(kinds)}",
            next_step="build the joint again with this version of axpair",
        )
    try:
        return kinds[site.op.kind](site)
    except EmulatorError:
        raise
    except Exception as error:  # whatever shapes and numbers a damaged joint brings, in numpy or onnxruntime
        raise _unfit(site.op, error) from error


def _unfit(op: Op, error: Exception) -> EmulatorError:
    words = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return EmulatorError(
        f"the operator {op.name!r} ({op.kind}) doesn't fit its tensors or arrays: {words}",
        next_step="the joint is damaged or of another version: build it again",
    )
