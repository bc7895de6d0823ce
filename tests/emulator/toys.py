"""The toy joints of run_joint's logs, made by hand: same inputs and outputs, tiny programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from axpair_emulator.batch import of_items
from axpair_emulator.config.build_config import BuildConfig, CalibrationConf, InputConf, OutputConf
from axpair_emulator.program import Op, Port, Program, Tensor
from axpair_emulator.storage.joint_file import pack_program

Array = np.ndarray[Any, Any]
TOOLS_VERSION = "0.6.1.14"


def write_toy(path: Path) -> Program:
    """Image in; "prob/raw" (float32, 1x10) and "feat" (int16 with Q 256, 1x4x2x2, NCHW) out."""
    tensors, arrays, ops = _image("data", 1)
    _gemm("prob", "flat", 16, 10, 1, tensors, arrays, ops)
    outputs = (
        Port("prob/raw", "prob", "float32", (1, 10), ""),
        Port("feat", "feat", "int16", (1, 4, 2, 2), "NCHW", q=256),
    )
    return _write(path, Program((_port("data", 1, "RGB"),), outputs, tensors, tuple(ops), arrays, TOOLS_VERSION, "1_1"))


def write_clash(path: Path) -> Program:
    """Image and feature map in; two outputs whose names become the same file name."""
    tensors, arrays, ops = _image("data", 1)
    _gemm("first", "flat", 16, 10, 1, tensors, arrays, ops)
    tensors["roi"] = Tensor("roi", (1, 4), 0.0625, 128)
    ops.append(Op("quantize", "roi@quantize", ("roi@joint",), "roi"))
    _gemm("second", "roi", 4, 10, 1, tensors, arrays, ops)
    inputs = (_port("data", 1, "RGB"), Port("roi", "roi@joint", "float32", (1, 4), ""))
    outputs = (Port("a/b", "first", "float32", (1, 10), ""), Port("a_b", "second", "float32", (1, 10), ""))
    return _write(path, Program(inputs, outputs, tensors, tuple(ops), arrays, TOOLS_VERSION, "1_1"))


def write_batch(path: Path, *, dynamic: bool = True) -> Program:
    """Four images in, four rows of ten out; the batch is dynamic unless said."""
    tensors, arrays, ops = _image("data", 1)
    _gemm("prob", "flat", 16, 10, 1, tensors, arrays, ops)
    program = Program(
        (of_items(_port("data", 1, "BGR"), 4),),
        (Port("prob", "prob", "float32", (4, 10), "", items=4),),
        tensors,
        tuple(ops),
        arrays,
        TOOLS_VERSION,
        "1_1",
        max_batch=4,
        dynamic_batch=dynamic,
    )
    return _write(path, program)


def write_joint(path: Path, program: Program) -> Program:
    """Store a program as a joint whose configuration says nothing more than its ports do."""
    return _write(path, program)


def _image(name: str, batch: int) -> tuple[dict[str, Tensor], dict[str, Array], list[Op]]:
    """8x8 RGB bytes, a convolution to 4x2x2 called "feat", and that again as 16 numbers called "flat"."""
    random = np.random.default_rng(5)
    tensors = {
        f"{name}@joint": Tensor(f"{name}@joint", (batch, 3, 8, 8), 1.0, 0),
        name: Tensor(name, (batch, 3, 8, 8), 1 / 256, 0),
        "feat": Tensor("feat", (batch, 4, 2, 2), 0.03125, 120),
        "flat": Tensor("flat", (batch, 16), 0.03125, 120),
    }
    arrays: dict[str, Array] = {
        f"{name}/table": np.tile(np.arange(256, dtype=np.uint8), (3, 1)),
        "feat/weight": random.integers(-127, 128, (4, 3, 4, 4)).astype(np.int8),
        "feat/bias": np.zeros(4, np.int32),
        "feat/multiplier": np.full(4, 1 << 20, np.int64),
        "feat/shift": np.full(4, 31, np.int64),
    }
    window = {"strides": [4, 4], "pads": [0] * 4, "dilations": [1, 1], "group": 1, "lo": 0, "hi": 255}
    roles = {role: f"feat/{role}" for role in ("weight", "bias", "multiplier", "shift")}
    ops = [
        Op("channel_lut", f"{name}@table", (f"{name}@joint",), name, {}, {"table": f"{name}/table"}),
        Op("conv", "feat", (name,), "feat", window, roles),
        Op("reshape", "flat", ("feat",), "flat", {"shape": [batch, 16]}),
    ]
    return tensors, arrays, ops


def _gemm(
    name: str,
    source: str,
    terms: int,
    columns: int,
    batch: int,
    tensors: dict[str, Tensor],
    arrays: dict[str, Array],
    ops: list[Op],
) -> None:
    tensors[name] = Tensor(name, (batch, columns), 0.0625, 100)
    weight = np.random.default_rng(len(name)).integers(-127, 128, (terms, columns)).astype(np.int8)
    made: dict[str, Array] = {
        "weight": weight,
        "bias": np.zeros(columns, np.int32),
        "multiplier": np.full(columns, 1 << 20, np.int64),
        "shift": np.full(columns, 29, np.int64),
    }
    arrays.update({f"{name}/{role}": array for role, array in made.items()})
    ops.append(Op("gemm", name, (source,), name, {"lo": 0, "hi": 255}, {role: f"{name}/{role}" for role in made}))


def _port(name: str, batch: int, color: str) -> Port:
    return Port(name, f"{name}@joint", "uint8", (batch, 8, 8, 3), "NHWC", color)


def _write(path: Path, program: Program) -> Program:
    path.write_bytes(pack_program(program, _config(program)))
    return program


def _config(program: Program) -> BuildConfig:
    planes = {port.name: program.tensors.get(port.tensor) for port in program.inputs}
    inputs = tuple(
        InputConf(
            port.name,
            tensor.shape if tensor else port.shape,
            "NCHW" if port.layout else "",
            port.color_space,
            "NHWC" if port.layout == "NHWC" else "",
            port.color_space,
            port.dtype,
        )
        for port, tensor in zip(program.inputs, planes.values(), strict=True)
    )
    outputs = tuple(
        OutputConf(
            port.name,
            program.tensors[port.tensor].shape,
            "NCHW" if port.layout else "",
            "NCHW" if port.layout == "NCHW" else "",
            port.dtype,
            port.q,
        )
        for port in program.outputs
    )
    calibration = CalibrationConf(dict.fromkeys((port.name for port in program.inputs), "c.tar"), 1, 1, True, False)
    return BuildConfig(inputs, outputs, calibration, virtual_npu="111")
