"""Faults in how a runtime library hands out answers that the NPU got right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from axpair_proto.dtypes import ITEM_BYTES

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.fault import Fault, Parameter, Written
from axpair_emulator.program import Port

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor


class SwappedOutputs(Fault):
    """Two outputs under each other's names."""

    name = "swapped-outputs"
    summary = "two outputs of the same shape are handed out in each other's place"
    code = "AX403"

    def loaded(self, executor: Executor) -> Executor:
        """Only see that there are two alike."""
        if _alike(executor.program.outputs) is None:
            raise FaultError("no two outputs of this model have the same shape and dtype", next_step=_OTHER)
        return executor

    def order(self, ports: Sequence[Port]) -> Sequence[int]:
        """Swap the first two that are alike."""
        order, pair = list(range(len(ports))), _alike(ports)
        if pair:
            order[pair[0]], order[pair[1]] = pair[1], pair[0]
        return order


class OutputLayout(Fault):
    """The axes of the hardware's own order, under a description that says otherwise."""

    name = "output-layout"
    summary = "outputs with four axes are handed out NHWC where NCHW is declared, and the reverse"
    code = "AX401"

    def loaded(self, executor: Executor) -> Executor:
        """Only see that there is an output whose bytes change."""
        if not any(map(_has_two_layouts, executor.program.outputs)):
            raise FaultError("no output of this model has other bytes in another layout", next_step=_OTHER)
        return executor

    def written(self, output: Written, content: bytes) -> bytes:
        """Move the channels to the other end."""
        port = output.port
        if not _has_two_layouts(port):
            return content
        elements = np.frombuffer(content, f"V{ITEM_BYTES[port.dtype]}").reshape(port.shape)
        moved = elements.transpose((0, 2, 3, 1) if port.layout == "NCHW" else (0, 3, 1, 2))
        return bytes(moved.tobytes())


class QNotApplied(Fault):
    """The library leaves out what belongs to the fixed-point numbers."""

    name = "q-not-applied"
    summary = "outputs are off by a constant power of two: their Q isn't taken into account"
    code = "AX402"
    parameters = {  # noqa: RUF012
        "q": Parameter(
            256, "the Q value of float32 outputs, a power of two; integer outputs have a declared one", 2, 1 << 24
        )
    }

    def check(self) -> None:
        """Q has to be a power of two."""
        q = self.number("q")
        if q & (q - 1):
            raise FaultError(f"q is {q}: no power of two", next_step=f"give {1 << q.bit_length() - 1}, say")

    def loaded(self, executor: Executor) -> Executor:
        """Only see that there is an output with a Q other than 1."""
        if all(port.dtype != "float32" and port.q <= 1 for port in executor.program.outputs):
            raise FaultError("all outputs of this model are integers whose Q is 1", next_step=_OTHER)
        return executor

    def written(self, output: Written, content: bytes) -> bytes:
        """Float outputs aren't divided by Q; integer outputs are the values themselves, without Q."""
        if output.port.dtype == "float32":
            scaled = np.frombuffer(content, "<f4") * np.float32(self.number("q"))
            return bytes(scaled.astype("<f4").tobytes())
        if not output.port.q:
            return content
        fixed = np.frombuffer(content, np.dtype(output.port.dtype).newbyteorder("<"))
        return bytes(np.floor(fixed / output.port.q + 0.5).astype(fixed.dtype).tobytes())


class WrongBatchItem(Fault):
    """The index into the batch is off by one."""

    name = "wrong-batch-item"
    summary = "each item of a batch gets the answer of the next one"
    code = "AX315"

    def loaded(self, executor: Executor) -> Executor:
        """Only see that there is a batch."""
        if executor.program.max_batch < 2:
            raise FaultError("this model takes one item at a time: it has no batch", next_step=_OTHER)
        return executor

    def written(self, output: Written, content: bytes) -> bytes:
        """Move the items one place forward; the last one gets the first one's."""
        item = len(content) // output.port.shape[0]
        return content[item:] + content[:item]


_OTHER = "choose another fault, or a model that has it"


def _alike(ports: Sequence[Port]) -> tuple[int, int] | None:
    """The first two outputs with the same shape and dtype."""
    seen: dict[tuple[tuple[int, ...], str], int] = {}
    for index, port in enumerate(ports):
        first = seen.setdefault((port.shape, port.dtype), index)
        if first != index:
            return first, index
    return None


def _has_two_layouts(port: Port) -> bool:
    """Whether NHWC and NCHW are different bytes."""
    if len(port.shape) != 4 or port.layout not in ("NCHW", "NHWC"):
        return False
    _, first, second, third = port.shape
    channels, pixels = (first, second * third) if port.layout == "NCHW" else (third, first * second)
    return channels > 1 and pixels > 1
