"""The board's contiguous memory (CMM) in figures: how much there is, how much is taken."""

from __future__ import annotations

from axpair_agent.worker.runtime import RuntimeFault
from axpair_proto.dtypes import size_bytes

from axpair_emulator.program import Program

TOTAL_BYTES = 2047 << 20
"""The pool that the AX-Pi's start script gives."""


class Accounts:
    """What of the CMM is taken. The emulator's real memory has nothing to do with it."""

    def __init__(self, total: int = TOTAL_BYTES) -> None:
        self.total = total
        self.used = 0

    def take(self, count: int, call: str, code: int) -> None:
        """Take so many bytes. Raises RuntimeFault with the figures when `call` can't have them."""
        if count > self.total - self.used:
            raise RuntimeFault(
                f"{call} returned 0x{code:08x}: {count} bytes of CMM wanted; {self.line()}",
                code,
            )
        self.used += count

    def line(self) -> str:
        """The figures in the form of the kernel's mem_cmm_info."""
        figures = (("total size", self.total), ("used", self.used), ("remain", self.total - self.used))
        return ",".join(f"{name}={count >> 10}KB({count >> 20}MB)" for name, count in figures)


def model_bytes(program: Program, slots: int) -> int:
    """What a loaded model takes: weights and tables, its inputs, and `slots` sets of outputs."""
    inputs, outputs = (
        sum(size_bytes(port.dtype, port.shape) for port in ports) for ports in (program.inputs, program.outputs)
    )
    return inputs + slots * outputs + sum(array.nbytes for array in program.arrays.values())
