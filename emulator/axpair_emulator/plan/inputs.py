"""The joint's input side: bytes become the ONNX model's quantised input, normalised and in its channel order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from axpair_emulator.config.build_config import InputConf
from axpair_emulator.errors import ModelError
from axpair_emulator.graph.view import Array
from axpair_emulator.plan.lowering import Lowering
from axpair_emulator.program import Op, Port, Tensor
from axpair_emulator.quantize.activations import codes_of


def raw_name(conf: InputConf) -> str:
    """The program's name for the joint's own input, before anything is done to it."""
    return f"{conf.name}@joint"


def input_port(conf: InputConf) -> Port:
    """The joint's input as the configuration describes it."""
    return Port(conf.name, raw_name(conf), conf.dst_dtype, conf.joint_shape, conf.dst_layout, conf.dst_color)


def lower_input(conf: InputConf, program: Lowering) -> Port:
    """Adds the operators between the joint's input and the tensor `conf.name`; returns the joint's port."""
    final = program.tensors[conf.name]
    reserved = [name for name in program.graph.shapes if name.startswith(f"{conf.name}@")]
    if reserved:
        raise ModelError(
            f"the model's tensor {reserved[0]!r} has a name that the emulator needs for input {conf.name!r}",
            next_step="rename it: names that start with an input's name and '@' are taken",
        )
    raw = raw_name(conf)
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
    program.tensors[raw] = Tensor(raw, conf.planes_shape, 1.0, 0, 8)
    table = _byte_table(conf, result)
    role = program.free_key(f"{result.name}/table")
    program.arrays[role] = table if len(conf.shape) == 4 else table[0]
    kind = "channel_lut" if len(conf.shape) == 4 else "lut"
    program.ops.append(Op(kind, f"{conf.name}@normalize", (raw,), result.name, {}, {"table": role}))


def _byte_table(conf: InputConf, result: Tensor) -> Array:
    gain, offset = conf.gain_and_offset()
    bytes_ = np.arange(256, dtype=np.float64)
    return codes_of(bytes_[None, :] * gain[:, None] + offset[:, None], result)
