"""Which batch size counts for what (run_joint, SDK V0.31): read off the public source, its slips included.

The source takes shape[0] for the items of a buffer, where the header says that it equals the maximal batch. Here an
input may have another first axis (silero-vad's eight windows are one item), so the port says how many items it holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from axpair_proto.dtypes import size_bytes

from axpair_emulator.program import Port, Program
from axpair_emulator.tools.run_joint.arguments import Arguments


@dataclass(frozen=True)
class Batch:
    """The batch of one call."""

    size: int
    """The model's maximum, or --override_batch_size where the model's batch is dynamic."""
    dumped: int
    """Items that the size of an output file is reckoned with: on a static model too the override counts here, so
    that files come out short, or reach into the memory behind the buffer."""
    twice: bool
    """With --manual_alloc and an override the buffers are made for that batch and then scaled once more."""

    @staticmethod
    def of(program: Program, arguments: Arguments) -> Batch:
        """The batch of a model under a command line; an override of 0 or less is none."""
        size = program.max_batch or 1
        override = arguments.override_batch_size
        if override <= 0:
            return Batch(size, size, False)
        if not program.dynamic_batch:
            return Batch(size, override, False)
        return Batch(override, override, arguments.manual_alloc)

    def input_bytes(self, port: Port) -> int:
        """Bytes that an input file must have."""
        return size_bytes(port.dtype, port.shape) // port.items * self.size

    def output_bytes(self, port: Port) -> int:
        """Bytes that an output file gets."""
        buffer = size_bytes(port.dtype, port.shape)
        if self.twice:
            buffer = buffer // port.items * self.size
        return buffer // port.items * self.dumped
