"""Faults between the NPU and whoever reads its answers: DMA, output memory, cache, ring of buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from axpair_proto.dtypes import ITEM_BYTES, size_bytes
from axpair_proto.names import joint_name

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.fault import Array, Fault, Parameter, Written
from axpair_emulator.faults.known import require_known
from axpair_emulator.program import Port

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor

LINE = 64
"""Bytes of a cache line."""
_WHICH_BIT = "which bit of the element; -1: the seed chooses, below sign and exponent of a float"


class StaleOutput(Fault):
    """The driver's ring is one slot behind."""

    name = "stale-output"
    summary = "the driver hands out the output buffers of the run before"
    code = "AX302"

    def hands_out_previous(self) -> bool:
        """Always."""
        return True


class StaleLines(Fault):
    """The CPU's cache isn't invalidated everywhere: some lines still show the previous answer."""

    name = "stale-lines"
    summary = f"some cache lines ({LINE} bytes) of an output still hold the previous answer"
    code = "AX302"
    parameters = {"lines": Parameter(8, "how many lines of each output, as far as it has so many", 1)}  # noqa: RUF012

    def read(self, output: Written, content: bytes) -> bytes:
        """Put lines of the previous answer back, preferring those in which the two answers differ."""
        if output.previous is None:
            return content
        starts = list(range(0, len(content), LINE))
        differing = [at for at in starts if content[at : at + LINE] != output.previous[at : at + LINE]]
        choice = self.random().permutation(len(differing))[: self.number("lines")]
        seen = bytearray(content)
        for at in (differing[index] for index in choice):
            seen[at : at + LINE] = output.previous[at : at + LINE]
        return bytes(seen)


class UnwrittenOutput(Fault):
    """The DMA never starts: an output's memory keeps what it held."""

    name = "unwritten-output"
    summary = "an output is not written: its buffer keeps what it held"
    code = "AX303"
    parameters = {  # noqa: RUF012
        "output": Parameter("", "name of the output; by default all"),
        "from_byte": Parameter(0, "from this byte on, for as far as it is there"),
    }

    def loaded(self, executor: Executor) -> Executor:
        """Only see that there is such an output, and that it is long enough."""
        ports, named = executor.program.outputs, joint_name(self.text("output"))
        if named:
            require_known("output", named, (port.joint_name for port in ports))
        longest = max(size_bytes(port.dtype, port.shape) for port in ports if named in ("", port.joint_name))
        if self.number("from_byte") >= longest:
            raise FaultError(
                f"from_byte is {self.number('from_byte')}, but the output has {longest} bytes",
                next_step=f"give 0 to {longest - 1}",
            )
        return executor

    def written(self, output: Written, content: bytes) -> bytes:
        """The memory's own bytes from `from_byte` on."""
        if joint_name(self.text("output")) not in ("", output.port.joint_name):
            return content
        start = self.number("from_byte")
        return content[:start] + output.memory[start:]


class TruncatedDma(Fault):
    """The transfer ends early."""

    name = "truncated-dma"
    summary = "the tail of an output is lost in the transfer"
    code = "AX304"
    parameters = {  # noqa: RUF012
        "bytes": Parameter(4096, "how many bytes are lost, at most half of the output", 1),
        "fill": Parameter(
            "zero", "what stands there instead: zero, or old (what the buffer held)", choices=("zero", "old")
        ),
    }

    def written(self, output: Written, content: bytes) -> bytes:
        """Replace the tail."""
        lost = min(self.number("bytes"), len(content) // 2)
        kept = len(content) - lost
        return content[:kept] + (output.memory[kept:] if self.text("fill") == "old" else bytes(lost))


class ActivationBit(Fault):
    """Bits of the output memory flip, as a failing memory cell or an unlucky particle makes them."""

    name = "activation-bit"
    summary = "single bits of an output's elements are flipped in memory"
    code = "AX305"
    parameters = {  # noqa: RUF012
        "count": Parameter(1, "how many elements of each output", 1),
        "bit": Parameter(-1, f"{_WHICH_BIT}; outputs of fewer bits stay", -1, 31),
    }

    def loaded(self, executor: Executor) -> Executor:
        """Only see that an output has that bit."""
        _wide_enough(executor.program.outputs, self.number("bit"))
        return executor

    def written(self, output: Written, content: bytes) -> bytes:
        """Flip the same bit in each chosen element."""
        item = ITEM_BYTES[output.port.dtype]
        random = self.random()
        # Of the outputs and of the inputs' answers independent: element and bit hang on the seed alone.
        safe = 22 if output.port.dtype == "float32" else 8 * item
        bit = self.number("bit") if self.number("bit") >= 0 else int(random.integers(safe // 2, safe))
        if bit >= 8 * item:
            return content
        flipped = bytearray(content)
        elements = len(content) // item
        for element in random.choice(elements, min(self.number("count"), elements), replace=False):
            flipped[int(element) * item + bit // 8] ^= 1 << bit % 8
        return bytes(flipped)


class StuckLine(Fault):
    """One line of a data bus always carries the same level."""

    name = "stuck-line"
    summary = "one data line is always 1, or always 0, in one buffer"
    code = "AX305"
    parameters = {  # noqa: RUF012
        "bit": Parameter(-1, _WHICH_BIT, -1, 31),
        "level": Parameter(1, "1 or 0", 0, 1),
        "output": Parameter("", "name of the output whose buffer it is; by default the seed chooses"),
        "tensor": Parameter("", "name of a tensor in the NPU's memory, whose buffer it is instead"),
    }

    _output = ""

    def check(self) -> None:
        """It is one buffer."""
        if self.text("output") and self.text("tensor"):
            raise FaultError("both an output and a tensor are named", next_step="give the one whose buffer it is")

    def loaded(self, executor: Executor) -> Executor:
        """Choose the output. Raises FaultError for a tensor or output that isn't there."""
        program, named, tensor = executor.program, joint_name(self.text("output")), self.text("tensor")
        if named:
            require_known("output", named, (port.joint_name for port in program.outputs))
        if tensor:
            require_known("tensor", tensor, (op.output for op in program.ops), "in the NPU's memory")
            _require_bit(f"tensor {tensor!r}", program.tensors[tensor].dtype.itemsize, self.number("bit"))
            return executor
        ports = _wide_enough([port for port in program.outputs if named in ("", port.joint_name)], self.number("bit"))
        self._output = ports[int(self.random().integers(len(ports)))].name
        return executor

    def activation(self, tensor: str, codes: Array) -> Array:
        """Set or clear the bit of every code of the tensor."""
        return self._stick(codes, codes.dtype.itemsize * 8) if tensor == self.text("tensor") else codes

    def written(self, output: Written, content: bytes) -> bytes:
        """Set or clear the bit of every element of the output."""
        if self.text("tensor") or output.port.name != self._output:
            return content
        item = ITEM_BYTES[output.port.dtype]
        words = np.frombuffer(content, f"<u{item}")
        return self._stick(words, 22 if output.port.dtype == "float32" else 8 * item).tobytes()

    def _stick(self, words: Array, safe: int) -> Array:
        random = self.random()
        bit = self.number("bit") if self.number("bit") >= 0 else int(random.integers(safe // 2, safe))
        mask = words.dtype.type(1 << bit)
        stuck: Array = words | mask if self.number("level") else words & ~mask
        return stuck


def _wide_enough(ports: Sequence[Port], bit: int) -> list[Port]:
    """The outputs whose elements have that bit. Raises FaultError where none has."""
    widest = max(ports, key=lambda port: ITEM_BYTES[port.dtype])
    _require_bit(f"output {widest.name!r}", ITEM_BYTES[widest.dtype], bit)
    return [port for port in ports if bit < 8 * ITEM_BYTES[port.dtype]]


def _require_bit(what: str, item_bytes: int, bit: int) -> None:
    if bit >= 8 * item_bytes:
        raise FaultError(
            f"bit is {bit}, but an element of the {what} has the bits 0 to {8 * item_bytes - 1}",
            next_step="give one of those",
        )


class NanOutput(Fault):
    """Elements that are no number."""

    name = "nan-output"
    summary = "some elements of the float outputs are NaN"
    code = "AX003"
    parameters = {"count": Parameter(3, "how many elements of each output", 1)}  # noqa: RUF012

    def loaded(self, executor: Executor) -> Executor:
        """Only see that there is an output that can hold NaN."""
        if all(port.dtype != "float32" for port in executor.program.outputs):
            raise FaultError("no output of this model is float32: none can hold NaN", next_step="choose another fault")
        return executor

    def written(self, output: Written, content: bytes) -> bytes:
        """Overwrite elements chosen by the seed; integer outputs can't hold NaN and stay."""
        if output.port.dtype != "float32":
            return content
        values = np.frombuffer(content, "<f4").copy()
        values[self.random().choice(values.size, min(self.number("count"), values.size), replace=False)] = np.nan
        return bytes(values.tobytes())
