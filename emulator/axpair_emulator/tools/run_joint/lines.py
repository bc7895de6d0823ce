"""What `run_joint` prints about a model and its runs: text only, in the vendor's form (SDK V0.31, 0.5.13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from axpair_proto.dtypes import size_bytes

from axpair_emulator.program import Port, Program

VERSION = "run joint version: 0.5.13-axpair"
CYCLES_PER_MICROSECOND = 800
"""Of the emulated NPU's counters: the real clock isn't documented."""

DTYPES = {"int8": "sint8", "int16": "sint16", "int32": "sint32"}
"""The words that differ from ours."""
COLORS = {"BGR0": "unknown"}
"""Likewise; the vendor's program has no word for pixels of four bytes."""


@dataclass(frozen=True)
class Timing:
    """Microseconds that were measured."""

    create: float
    """Reading, unpacking and preparing the model."""
    prepare: float
    """The part of `create` that made the NPU's program ready."""
    task: float
    """One run, on average."""
    core: float
    """The part of `task` in which the NPU computed."""
    rounds: int
    """Runs that the average is of."""


def npu_mode_line(vnpu_mode: str, asked: str) -> str:
    """The line on the virtual NPU; asked for by flag, "disable" comes without an exclamation mark."""
    if vnpu_mode == "disable":
        return "virtual npu disable" if asked else "virtual npu disable!"
    return f"virtual npu mode is {vnpu_mode}"


def model_lines(program: Program, toolchain: str, wbt_index: int) -> Iterator[str]:
    """Everything on the model, up to its last output."""
    yield from f"tools version: {toolchain}".split("\n")
    yield f"Using wbt {wbt_index}"
    yield f"Max Batch Size {program.max_batch}"
    yield f"Support Dynamic Batch? {'Yes' if program.dynamic_batch else 'No'}"
    yield "Is FilterMode? No"
    yield ""
    yield f"Quantization Type is {_quantization(program)}"
    yield ""
    for side, ports in (("Input", program.inputs), ("Output", program.outputs)):
        for index, port in enumerate(ports):
            yield f"{side}[{index}]: {port.joint_name}"
            yield f"    Shape {_shape_line(port, side)}"
            yield "    Memory Physical"
            yield f"    Size {size_bytes(port.dtype, port.shape)}"


def _shape_line(port: Port, side: str) -> str:
    """Every tensor has a layout in AX_JOINT; one without four axes is the same in both, and called NHWC there, or
    NCHW where it is a feature map at the input."""
    feature_map = side == "Input" and not port.color_space
    words = [
        str(list(port.shape)),
        port.layout or ("NCHW" if feature_map else "NHWC"),
        DTYPES.get(port.dtype, port.dtype),
    ]
    if side == "Input":
        words.append("FeatureMap" if feature_map else COLORS.get(port.color_space, port.color_space))
    words.append(f"Q={port.q}" if port.q else "")
    return " ".join(words)


def _quantization(program: Program) -> str:
    widths = {tensor.bits for tensor in program.tensors.values()}
    return f"{widths.pop()} bit" if len(widths) == 1 else "mix"


def run_lines(timing: Timing) -> Iterator[str]:
    """Times and counters, after the runs."""
    overhead = timing.create - timing.prepare
    yield (
        f"Create handle took {timing.create / 1000:.2f} ms (neu {timing.prepare / 1000:.2f} ms, onnx 0.00 ms, "
        f"axe 0.00 ms, overhead {overhead / 1000:.2f} ms)"
    )
    yield f"Run task took {timing.task:.0f} us ({timing.rounds} rounds for average)"
    yield f"\tRun NEU took an average of {timing.core:.0f} us (overhead {timing.task - timing.core:.0f} us)"
    yield ""
    cycles = round(timing.core * CYCLES_PER_MICROSECOND)
    yield f"NPU perf cnt total: {cycles}"
    for unit in range(5):
        yield f"\tNPU perf cnt of eu({unit}): {cycles if unit == 0 else 0}"
