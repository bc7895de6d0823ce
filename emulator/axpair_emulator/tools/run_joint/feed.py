"""Input files into the board's memory. Whatever goes wrong here is one line, and the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from axpair_proto.regular import open_regular

from axpair_emulator.program import Port
from axpair_emulator.tools.run_joint.arguments import Arguments
from axpair_emulator.tools.run_joint.batch import Batch
from axpair_emulator.tools.run_joint.memory import Cmm


def feed_inputs(
    ports: Sequence[Port], arguments: Arguments, batch: Batch, cmm: Cmm, say: Callable[[str], None]
) -> None:
    """Write each file into its input's buffer; a buffer without a usable file keeps its old bytes ("random data").

    A file that was read says nothing. With --enable_trunc a longer file is cut, a shorter one is filled with zeros.
    """
    for index, port in enumerate(ports):
        if index >= len(arguments.data):
            say(f"input[{index}] {port.joint_name} data not provided, using random data")
            continue
        name = arguments.data[index]
        try:
            with open_regular(name) as file:
                data = file.read()
        except OSError:
            say(f"read file {name} for input[{index}] {port.joint_name} data failed, using random data")
            continue
        wanted = batch.input_bytes(port)
        if arguments.enable_trunc:
            data = data[:wanted].ljust(wanted, b"\0")
        if len(data) != wanted:
            say(f"read file {name} for input[{index}] {port.joint_name} data size wrong, using random data")
            continue
        cmm.write(index, data)
