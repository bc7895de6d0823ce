"""The joint's edges: bytes to arrays in NCHW order, and real values to the joint's outputs.

Shared by the reference and the float leg, so that both leave in the joint's dtype and layout.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.dtypes import size_bytes

from axpair_emulator.errors import InputError
from axpair_emulator.program import Port, Program


def input_planes(port: Port, data: bytes) -> np.ndarray[Any, Any]:
    """The joint's input bytes as an array of the port's dtype, NHWC turned into NCHW.

    Raises InputError when the bytes aren't as many as the port declares.
    """
    wanted = size_bytes(port.dtype, port.shape)
    if len(data) != wanted:
        raise InputError(
            f"input {port.name!r} has {len(data)} bytes; the joint takes {wanted} "
            f"({port.dtype} {'x'.join(map(str, port.shape))})",
            next_step="prepare the input again with the same joint",
        )
    array = np.frombuffer(data, dtype=np.dtype(port.dtype).newbyteorder("<")).reshape(port.shape)
    if port.layout == "NHWC":
        array = array.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(array)


def output_values(port: Port, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Real values (NCHW where they have four axes) as the joint gives them: dtype, Q and layout of the port."""
    if port.dtype == "float32":
        result = values.astype(np.float32)
    elif port.code_step:
        result = codes_of(values, port.code_step, port.code_zero, np.dtype(port.dtype))
    else:
        limits = np.iinfo(port.dtype)
        scaled = np.floor(values.astype(np.float64) * port.q + 0.5)
        # NaN has no integer; zero is what it becomes.
        result = np.nan_to_num(np.clip(scaled, limits.min, limits.max)).astype(port.dtype)
    if port.layout == "NHWC":
        result = result.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(result)


def codes_of(values: np.ndarray[Any, Any], step: float, zero: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The codes of real values; those of values that are codes' own come back exactly."""
    scaled = np.divide(values, step, dtype=np.float64)
    scaled += 0.5
    np.floor(scaled, out=scaled)
    scaled += zero
    np.nan_to_num(scaled, copy=False, nan=zero)
    codes: np.ndarray[Any, Any] = np.clip(scaled, 0, np.iinfo(dtype).max, out=scaled).astype(dtype)
    return codes


def alike(ports: Sequence[Port], others: Sequence[Port]) -> bool:
    """Whether they are the same from outside, whatever tensors are behind them."""
    return [dataclasses.replace(port, tensor="") for port in ports] == [
        dataclasses.replace(port, tensor="") for port in others
    ]


def output_steps(program: Program) -> dict[str, float]:
    """The quantisation step of each output that the NPU makes, by name."""
    return {port.name: program.tensors[port.tensor].scale for port in program.outputs if not port.cpu_part}


def describe(
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    steps: dict[str, float],
    tools_version: str,
    max_batch: int = 1,
    dynamic_batch: bool = False,
    vnpu_mode: str = "disable",
) -> ModelDescription:
    """A joint's description; `steps` holds the quantisation step of each output by name."""

    def tensor(port: Port, step: float) -> TensorDescription:
        return TensorDescription(
            name=port.joint_name,
            dtype=port.dtype,
            shape=port.shape,
            layout=port.layout,
            color_space=port.color_space,
            q=port.q,
            step=step,
            size_bytes=size_bytes(port.dtype, port.shape),
            cpu_part=port.cpu_part,
        )

    return ModelDescription(
        inputs=tuple(tensor(port, 0.0) for port in inputs),
        outputs=tuple(tensor(port, steps.get(port.name, 0.0)) for port in outputs),
        tools_version=tools_version,
        max_batch=max_batch,
        dynamic_batch=dynamic_batch,
        vnpu_mode=vnpu_mode,
    )
