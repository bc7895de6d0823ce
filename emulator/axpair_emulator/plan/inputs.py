"""The joint's input side: what it takes becomes the ONNX model's quantised input.

Bytes of other colours are converted first; then Q, affine steps and normalisation go into one table or one
multiplication; the order of channels and the layout come last, as operators that move codes.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from axpair_emulator.color.standards import conversion
from axpair_emulator.config.build_config import YUV, InputConf
from axpair_emulator.errors import ModelError
from axpair_emulator.graph.view import Array
from axpair_emulator.plan.lowering import Lowering
from axpair_emulator.plan.step import raw_name
from axpair_emulator.program import Op, Port, Tensor
from axpair_emulator.quantize.activations import codes_of


def input_port(conf: InputConf) -> Port:
    """The joint's input as the configuration describes it."""
    return Port(
        conf.name,
        raw_name(conf.name),
        conf.dst_dtype,
        conf.joint_shape,
        conf.dst_layout,
        conf.dst_color,
        conf.q,
        color_standard=conf.color_standard if conf.dst_color in YUV else "",
    )


def lower_input(conf: InputConf, program: Lowering) -> Port:
    """Adds the operators between the joint's input and the tensor `conf.name`; returns the joint's port."""
    final = program.tensors[conf.name]
    reserved = [name for name in program.graph.shapes if name.startswith(f"{conf.name}@")]
    if reserved:
        raise ModelError(
            f"the model's tensor {reserved[0]!r} has a name that the emulator needs for input {conf.name!r}",
            next_step="rename it: names that start with an input's name and '@' are taken",
        )
    raw = raw_name(conf.name)
    moves: list[tuple[str, str, dict[str, list[int]]]] = []
    if conf.reverses_channels:
        last = conf.channels - 1
        attrs = {"starts": [last], "ends": [-last - 2], "axes": [1], "steps": [-1]}
        moves.append(("slice", "swapped", attrs))
    if conf.src_layout == "NHWC":
        moves.append(("transpose", "layout", {"perm": [0, 2, 3, 1]}))
    made = replace(final, shape=conf.planes_shape, name=f"{conf.name}@planes" if moves else conf.name)
    program.tensors[made.name] = made
    _to_codes(conf, program, raw, made)
    for index, (kind, label, attrs) in enumerate(moves):
        source, last_move = made.name, index == len(moves) - 1
        made = final if last_move else replace(made, name=f"{conf.name}@{label}")
        program.tensors[made.name] = made
        program.ops.append(Op(kind, f"{conf.name}@{label}", (source,), made.name, attrs))
    return input_port(conf)


def _to_codes(conf: InputConf, program: Lowering, raw: str, result: Tensor) -> None:
    if conf.dst_dtype == "float32":
        program.ops.append(Op("quantize", f"{conf.name}@quantize", (raw,), result.name))
        return
    if conf.dst_dtype != "uint8":
        _scale(conf, program, raw, result)
        return
    program.tensors[raw] = Tensor(raw, conf.joint_planes_shape, 1.0, 0, 8)
    picture = _converted(conf, program, raw)
    table = _byte_table(conf, result)
    role = program.free_key(f"{result.name}/table")
    program.arrays[role] = table if len(conf.shape) == 4 else table[0]
    kind = "channel_lut" if len(conf.shape) == 4 else "lut"
    program.ops.append(Op(kind, f"{conf.name}@normalize", (picture,), result.name, {}, {"table": role}))


def _converted(conf: InputConf, program: Lowering, raw: str) -> str:
    """Adds what makes the picture of the joint's bytes, if anything does; returns the picture's tensor."""
    if conf.dst_color == conf.picture_color:
        return raw
    picture = f"{conf.name}@picture"
    program.tensors[picture] = Tensor(picture, conf.planes_shape, 1.0, 0, 8)
    source, change = raw, conversion(conf)
    if change is None:
        attrs: dict[str, object] = {"starts": [0], "ends": [conf.channels], "axes": [1], "steps": [1]}
        program.ops.append(Op("slice", f"{conf.name}@unpad", (raw,), picture, attrs))
        return picture
    if conf.dst_color in YUV:
        source = f"{conf.name}@yuv"
        batch, _, height, width = conf.planes_shape
        program.tensors[source] = Tensor(source, (batch, 3, height, width), 1.0, 0, 8)
        attrs = {"v_first": int(conf.dst_color == "NV21")}
        program.ops.append(Op("yuv_planes", f"{conf.name}@upsample", (raw,), source, attrs))
    flat = [value for row in change.matrix for value in row]
    attrs = {"matrix": flat, "offsets": list(change.offsets), "shift": change.shift}
    program.ops.append(Op("color_matrix", f"{conf.name}@colors", (source,), picture, attrs))
    return picture


def _scale(conf: InputConf, program: Lowering, raw: str, result: Tensor) -> None:
    """Adds the multiplication that makes codes of integers, with as many bits of the multiplier as there can be."""
    gain, offset = (array / result.scale for array in conf.gain_and_offset())
    limits = np.iinfo(conf.dst_dtype)
    reach = float(np.max(np.abs(gain) * max(-limits.min, limits.max) + np.abs(offset)))
    # 22 bits of multiplier, and sums below 2^52.
    shift = min(22 - math.frexp(float(np.abs(gain).max()))[1], 51 - math.frexp(max(reach, 1.0))[1])
    shift = min(max(shift, 1), 52)
    values = {"multiplier": gain, "offset": offset}
    roles = {role: program.free_key(f"{result.name}/{role}") for role in values}
    for role, key in roles.items():
        program.arrays[key] = np.rint(np.ldexp(values[role], shift)).astype(np.int64)
    program.ops.append(Op("affine", f"{conf.name}@normalize", (raw,), result.name, {"shift": shift}, roles))


def _byte_table(conf: InputConf, result: Tensor) -> Array:
    gain, offset = conf.gain_and_offset()
    bytes_ = np.arange(256, dtype=np.float64)
    return codes_of(bytes_[None, :] * gain[:, None] + offset[:, None], result)
