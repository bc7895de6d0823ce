"""Which batch size counts for what (run_joint, SDK V0.31): read off the public source, its slips included.

The source takes shape[0] for the items of a buffer; the header says that this equals the maximal batch. Here a tensor
may have another first axis (silero-vad's eight windows are one item), so it is the maximal batch that counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from axpair_proto.dtypes import size_bytes

from axpair_emulator.program import Port, Program
from axpair_emulator.tools.run_joint.arguments import Arguments


@dataclass(frozen=True)
class Batch:
    """The batch of one call."""

    most: int
    """Items that a buffer holds."""
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
            return Batch(size, size, size, False)
        if not program.dynamic_batch:
            return Batch(size, size, override, False)
        return Batch(size, override, override, arguments.manual_alloc)

    def input_bytes(self, port: Port) -> int:
        """Bytes that an input file must have."""
        return self._of(port, size_bytes(port.dtype, port.shape), self.size)

    def output_bytes(self, port: Port) -> int:
        """Bytes that an output file gets."""
        buffer = size_bytes(port.dtype, port.shape)
        if self.twice:
            buffer = self._of(port, buffer, self.size)
        return self._of(port, buffer, self.dumped)

    def _of(self, port: Port, buffer: int, items: int) -> int:
        """Bytes of so many items; of a tensor without a batch, all of it."""
        if not port.shape or port.shape[0] % self.most:
            return buffer
        return buffer // self.most * items
