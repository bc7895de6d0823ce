"""What one call of `run_joint` does, apart from being a process: text goes to a function, failures are exceptions.

It is also the way to a second opinion on the emulated board: the same device, driven as the vendor's program does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from axpair_agent.worker.runtime import RuntimeFault
from axpair_proto.dtypes import size_bytes
from axpair_proto.errors import ContractError
from axpair_proto.joint import read_joint

from axpair_emulator.device.driver import Device
from axpair_emulator.errors import EmulatorError, FaultError
from axpair_emulator.faults.fault import Fault
from axpair_emulator.program import Program
from axpair_emulator.storage.joint_file import load_program
from axpair_emulator.tools.run_joint import lines
from axpair_emulator.tools.run_joint.aborted import CREATE_HANDLE, RUN_SYNC, ZERO, Aborted
from axpair_emulator.tools.run_joint.arguments import Arguments
from axpair_emulator.tools.run_joint.batch import Batch
from axpair_emulator.tools.run_joint.dump import dump_outputs
from axpair_emulator.tools.run_joint.feed import feed_inputs
from axpair_emulator.tools.run_joint.memory import Cmm
from axpair_emulator.tools.run_joint.stopwatch import Stopwatch, microseconds

FAILED = 255
"""The source returns -1."""
MODES = ("disable", "1_1", "2_2", "3_1")
MEMORY_DETAIL = "AX_JOINT_MEMORY_DETAIL"

Write = Callable[[str], None]


def run_joint(
    arguments: Arguments,
    write: Write,
    *,
    environment: Mapping[str, str],
    memory: Path | None = None,
    faults: Sequence[Fault] = (),
) -> int:
    """Run a joint; returns the exit code. `write` gets what goes to stdout, `memory` is the file of the board's CMM.

    Raises Aborted where the program ends in a failed assertion, and FaultError, before anything runs, for a fault that
    the model gives no room for. A fault that kills the process kills the caller's.
    """

    def say(line: str) -> None:
        write(f"{line}\n")

    say(lines.VERSION)
    if not arguments.joint:
        say("must specify joint file")
        return FAILED
    path, started = Path(arguments.joint), microseconds()
    try:
        path.open("rb").close()
    except OSError:
        say(f"read file {arguments.joint} failed")
        return FAILED
    program, toolchain = _read(path, say)
    _check_mode(program, arguments.mode, say)
    watch = Stopwatch()
    prepared = microseconds()
    device = _create(program, (*faults, watch))
    created = microseconds()
    if not 0 <= arguments.wbt_index < 1:
        say(f"invalid WBT index {arguments.wbt_index}")
        return FAILED
    for line in lines.model_lines(program, toolchain, arguments.wbt_index):
        say(line)
    say("")
    if arguments.stride_w > 0:
        say(f"alloc buffer with stride {arguments.stride_w}")
    batch = Batch.of(program, arguments)
    say(f"Using batch size {batch.size}")
    cmm = Cmm(memory, [size_bytes(port.dtype, port.shape) for port in (*program.inputs, *program.outputs)])
    feed_inputs(program.inputs, arguments, batch, cmm, say)
    cmm.keep()
    say("")
    if environment.get(MEMORY_DETAIL) != "ON":
        say("Not set environment variable to report memory usage!")
        say("")
    say(f"CMM usage: {_model_bytes(program)}")
    say("")
    task = _run(device, watch, program, batch, cmm, arguments)
    rounds = max(arguments.repeat - 1, 1) if arguments.repeat > 0 else 0
    for line in lines.run_lines(lines.Timing(created - started, created - prepared, task, watch.mean(rounds), rounds)):
        say(line)
    cmm.keep()
    if arguments.bin_out_dir:
        dump_outputs(program, arguments.bin_out_dir, batch, cmm, say)
    return 0


def _read(path: Path, say: Write) -> tuple[Program, str]:
    """The program, and the toolchain as its topology has it: release, newline, commit."""
    try:
        return load_program(path), read_joint(path, wanted=()).topology.tool_commit
    except (EmulatorError, ContractError) as error:
        say("")
        say("[WARN]: get joint model type failed, disable virtual npu!")
        raise Aborted(CREATE_HANDLE, str(error)) from error


def _check_mode(program: Program, asked: str, say: Write) -> None:
    """Print the mode. A model that was built for another mode gives no handle; no error code is documented for it."""
    say("")
    if asked and asked not in MODES:
        say(f"unknown npu mode {asked}")
        raise Aborted(ZERO)
    say(lines.npu_mode_line(asked or program.vnpu_mode, asked))
    say("")
    if asked and asked != program.vnpu_mode:
        raise Aborted(
            CREATE_HANDLE, f"the joint was built for the virtual NPU mode {program.vnpu_mode!r}, not {asked!r}"
        )


def _create(program: Program, faults: Sequence[Fault]) -> Device:
    try:
        return Device(program, faults)
    except FaultError:
        raise
    except EmulatorError as error:
        raise Aborted(CREATE_HANDLE, str(error)) from error
    except RuntimeFault as error:
        raise Aborted(CREATE_HANDLE) from error


def _run(device: Device, watch: Stopwatch, program: Program, batch: Batch, cmm: Cmm, arguments: Arguments) -> float:
    """Warm up and run on the memory's input buffers, write its output buffers; microseconds of one run."""
    if batch.size > program.max_batch:
        raise Aborted(RUN_SYNC, f"batch {batch.size} is larger than the model's {program.max_batch}")
    inputs = [cmm.read(index, batch.input_bytes(port)) for index, port in enumerate(program.inputs)]
    first = len(inputs)
    for view, data in zip(device.delivered(), inputs, strict=True):
        view[: len(data)] = data
    spent: list[float] = []
    try:
        for _ in range(max(arguments.warmup, 0) + max(arguments.repeat, 0)):
            for index, view in enumerate(device.upcoming_outputs()):
                view[:] = cmm.read(first + index, len(view))
            began = time.perf_counter()
            views = device.run(inputs)
            spent.append((time.perf_counter() - began) * 1e6)
            for index, view in enumerate(views):
                cmm.write(first + index, view)
    except RuntimeFault as error:
        raise Aborted(RUN_SYNC) from error
    except EmulatorError as error:
        raise Aborted(RUN_SYNC, str(error)) from error
    counted = spent[max(arguments.warmup, 0) :]
    counted = counted[1:] or counted
    return sum(counted) / len(counted) if counted else 0.0


def _model_bytes(program: Program) -> int:
    """Bytes of weights, tables and buffers: what the model takes of the CMM."""
    buffers = sum(size_bytes(port.dtype, port.shape) for port in (*program.inputs, *program.outputs))
    return buffers + sum(array.nbytes for array in program.arrays.values())
