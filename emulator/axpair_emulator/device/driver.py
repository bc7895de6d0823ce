"""The emulated driver: a run goes through input buffers, NPU, DMA, cache and output ring, in this order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from axpair_proto.dtypes import size_bytes

from axpair_emulator.batch import items_in, of_items
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.cutting import cut_program
from axpair_emulator.device.accounts import Accounts, model_bytes
from axpair_emulator.device.memory import SLOTS, Buffers, OutputRing
from axpair_emulator.errors import EmulatorError
from axpair_emulator.faults.fault import Fault, Written
from axpair_emulator.program import Program

Array = np.ndarray[Any, Any]

CREATE_CONTEXT_FAILED = 0x80061085
"""AX_ERR_NPU_JOINT_CREATE_CONTEXT_FAILED of the AX620A's header."""


class Device:
    """One loaded model. Each stage asks the injected faults what they make of it; without faults it is the cmodel.

    Raises RuntimeFault where the board's memory doesn't suffice or a fault keeps the model from being loaded, and
    EmulatorError where the program doesn't fit itself, or a fault doesn't fit the program.
    """

    def __init__(self, program: Program, faults: Sequence[Fault] = (), threads: int = 1) -> None:
        self._faults = tuple(faults)
        self.cmm = Accounts()
        for fault in self._faults:
            fault.opened(self.cmm)
        self.cmm.take(model_bytes(program, SLOTS), "AX_JOINT_CreateHandle", CREATE_CONTEXT_FAILED)
        self._source, self._threads = program, threads
        self._active = self._faults
        self._executor = _executed(program, self._faults, threads)
        self._executors = {self._faults: self._executor}
        self.program = self._executor.program
        self._inputs = Buffers([size_bytes(port.dtype, port.shape) for port in program.inputs])
        self._ring = OutputRing([size_bytes(port.dtype, port.shape) for port in program.outputs])
        self._answers: list[bytes] | None = None

    @property
    def threads(self) -> int:
        """Threads that the NPU's stand-in really uses."""
        return self._executor.threads

    def upcoming_outputs(self) -> list[memoryview]:
        """Writable views of the buffers into which the next run will write."""
        return self._ring.upcoming.views()

    def delivered(self) -> list[memoryview]:
        """Views of the input buffers as the last run used them."""
        return self._inputs.views()

    def run(self, inputs: Sequence[bytes]) -> list[memoryview]:
        """Run once. The views are of the ring's buffers: valid until the next run.

        Inputs of a dynamic batch may hold fewer items than the joint takes at most, all the same number: the rest of
        the buffers stays as it was, and the views show the answers' part.
        Raises what an injected fault makes the driver return, as RuntimeFault.
        """
        self._choose(inputs)
        for fault in self._active:
            fault.on_submit()
        self._deliver(inputs)
        answers = self._execute([len(data) for data in inputs])
        current, before = self._ring.take()
        current.fill([self._transfer(index, answer, current) for index, answer in enumerate(answers)])
        for fault in self._active:
            if fault.hands_out_previous():
                current = before
        self._answers = answers
        views = [view[: len(answer)] for view, answer in zip(current.views(), answers, strict=True)]
        for fault in self._active:
            views = [views[index] for index in fault.order(self.program.outputs)]
        return views

    def _choose(self, inputs: Sequence[bytes]) -> None:
        """Faults that strike these inputs, and what executes the program with them alone."""
        self._active = tuple(one for one in self._faults if one.only is None or one.only.strikes(inputs))
        if self._active not in self._executors:
            self._executors[self._active] = _executed(self._source, self._active, self._threads)
        self._executor = self._executors[self._active]

    def _deliver(self, inputs: Sequence[bytes]) -> None:
        for port, data in zip(self.program.inputs, inputs, strict=True):
            if len(data) > size_bytes(port.dtype, port.shape):
                raise EmulatorError(f"input {port.name!r} has {len(data)} bytes: more than its buffer holds")
        held = [old[: len(data)] for old, data in zip(self._inputs.contents(), inputs, strict=True)]
        for fault in self._active:
            inputs = [fault.delivered(data, old) for data, old in zip(inputs, held, strict=True)]
        self._inputs.fill(inputs)

    def _execute(self, sizes: Sequence[int]) -> list[bytes]:
        contents = [held[:size] for held, size in zip(self._inputs.contents(), sizes, strict=True)]
        ports = [of_items(port, items_in(port, size)) for port, size in zip(self.program.inputs, sizes, strict=True)]
        for fault in self._active:
            contents = [fault.fetched(port, data) for port, data in zip(ports, contents, strict=True)]
        given = {port.name: data for port, data in zip(self.program.inputs, contents, strict=True)}
        outputs: Mapping[str, Array] = self._executor.run(given, alter=self._alter if self._active else None)
        answers = [outputs[port.name].tobytes() for port in self.program.outputs]
        for port, answer in zip(self.program.outputs, answers, strict=True):
            if len(answer) > size_bytes(port.dtype, port.shape):
                raise EmulatorError(
                    f"output {port.name!r} came with {len(answer)} bytes; the joint declares {port.dtype} {port.shape}",
                    next_step="the joint is damaged: build it again",
                )
        return answers

    def _alter(self, tensor: str, codes: Array) -> Array:
        for fault in self._active:
            codes = fault.activation(tensor, codes)
        return codes

    def _transfer(self, index: int, answer: bytes, slot: Buffers) -> bytes:
        """What the CPU reads of an output: written by DMA over what the memory held, then read through the cache."""
        previous = self._answers[index] if self._answers is not None else None
        if previous is not None and len(previous) != len(answer):  # another batch: memory holds parts of both
            previous = previous[: len(answer)].ljust(len(answer), b"\0")
        port = self.program.outputs[index]
        port = of_items(port, items_in(port, len(answer)))
        written = Written(index, port, answer, slot.contents()[index][: len(answer)], previous)
        content = answer
        for fault in self._active:
            content = fault.written(written, content)
        for fault in self._active:
            content = fault.read(written, content)
        return content


def _executed(program: Program, faults: Sequence[Fault], threads: int) -> Executor:
    """What executes the program with these faults. Of a part of a model it is the part of the faulty whole, so that
    a fault stays where it is, whatever part is looked at."""
    whole = program.origin if faults else None
    executor = Executor(whole.program if whole else program, threads)
    for fault in faults:
        executor = fault.loaded(executor)
    if whole is None:
        return executor
    part = cut_program(executor.program, whole.inputs, whole.outputs)
    return Executor(part, executor.threads, kinds=executor.kinds)
