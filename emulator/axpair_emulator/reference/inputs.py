"""The input side of the reference: from the joint's raw tensor to the ONNX model's quantised input.

Normalisation is done in float, as the configuration says it. Colours are converted by float operators on whole
numbers below 2^24, every one of which float32 holds, so that a byte is the same byte here and in the program.
"""

from __future__ import annotations

import numpy as np
import onnx

from axpair_emulator.config.build_config import InputConf
from axpair_emulator.plan.step import raw_name
from axpair_emulator.program import Op, Program
from axpair_emulator.reference.graph_parts import GraphParts, float_name


def add_input(parts: GraphParts, conf: InputConf, program: Program) -> None:
    """Adds one input's conversion, normalisation, quantisation and moves."""
    value = raw_name(conf.name)
    if conf.dst_dtype != "float32":
        value = parts.add("Cast", [value], f"cast/{conf.name}", to=onnx.TensorProto.FLOAT)
    for op in program.ops:
        if op.name in [f"{conf.name}@{step}" for step in ("unpad", "upsample", "colors")]:
            value = CONVERSIONS[op.kind](parts, op, program, value)
            value = parts.quantise(program.tensors[op.output], value)
    if conf.modifications or conf.q:
        gain, offset = conf.gain_and_offset()
        shape = (1, -1, 1, 1) if len(conf.shape) == 4 else (-1,)
        factor = parts.initializer(f"gain/{conf.name}", gain.astype(np.float32).reshape(shape))
        term = parts.initializer(f"offset/{conf.name}", offset.astype(np.float32).reshape(shape))
        value = parts.add("Mul", [value, factor], f"scaled/{conf.name}")
        value = parts.add("Add", [value, term], f"normalized/{conf.name}")
    moves = [op for op in program.ops if op.name in (f"{conf.name}@swapped", f"{conf.name}@layout")]
    first = moves[0].inputs[0] if moves else conf.name
    value = parts.quantise(program.tensors[first], value)
    for op in moves:
        value = CONVERSIONS[op.kind](parts, op, program, value)
        value = parts.quantise(program.tensors[op.output], value)


def _slice(parts: GraphParts, op: Op, program: Program, value: str) -> str:
    return _cut(parts, op.output, value, *(op.attrs[role] for role in ("starts", "ends", "axes", "steps")))


def _cut(
    parts: GraphParts, name: str, value: str, starts: list[int], ends: list[int], axes: list[int], steps: list[int]
) -> str:
    bounds = [
        parts.initializer(f"{role}/{name}", np.array(numbers, np.int64))
        for role, numbers in (("starts", starts), ("ends", ends), ("axes", axes), ("steps", steps))
    ]
    return parts.add("Slice", [value, *bounds], float_name(name))


def _transpose(parts: GraphParts, op: Op, program: Program, value: str) -> str:
    return parts.add("Transpose", [value], float_name(op.output), perm=op.attrs["perm"])


def _yuv_planes(parts: GraphParts, op: Op, program: Program, value: str) -> str:
    name, (_, _, height, width) = op.output, program.tensors[op.output].shape
    luma = _cut(parts, f"{name}/luma", value, [0], [height], [2], [1])
    sides = [
        _cut(parts, f"{name}/{side}", value, [height, side], [height * 3 // 2, width], [2, 3], [1, 2])
        for side in (0, 1)
    ]
    scales = parts.initializer(f"twice/{name}", np.array([1, 1, 2, 2], np.float32))
    wide = [
        parts.add(
            "Resize",
            [side, "", scales],
            f"{side}/wide",
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )
        for side in sides
    ]
    chroma = wide[::-1] if op.attrs["v_first"] else wide
    return parts.add("Concat", [luma, *chroma], float_name(name), axis=1)


def _color_matrix(parts: GraphParts, op: Op, program: Program, value: str) -> str:
    name, unit = op.output, float(1 << op.attrs["shift"])
    made = program.tensors[name].shape[1]
    matrix = np.array(op.attrs["matrix"], np.float32).reshape(made, -1, 1, 1)
    offsets = np.array(op.attrs["offsets"], np.float32) + np.float32(unit / 2)
    weights = [parts.initializer(f"matrix/{name}", matrix), parts.initializer(f"offsets/{name}", offsets)]
    total = parts.add("Conv", [value, *weights], f"total/{name}")
    part = parts.initializer(f"unit/{name}", np.array(1.0 / unit, np.float32))
    shifted = parts.add("Floor", [parts.add("Mul", [total, part], f"shifted/{name}")], f"floor/{name}")
    ends = [parts.initializer(f"{end}/{name}", np.array(end, np.float32)) for end in (0, 255)]
    return parts.add("Clip", [shifted, *ends], float_name(name))


CONVERSIONS = {"slice": _slice, "transpose": _transpose, "yuv_planes": _yuv_planes, "color_matrix": _color_matrix}
"""What adds an operator of the input side to the graph, by its kind."""
