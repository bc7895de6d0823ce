"""The outputs of a configuration, resolved against the model's."""

from __future__ import annotations

from typing import cast

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import Layout, OutputConf
from axpair_emulator.config.signature import Signature
from axpair_emulator.config.tensor_items import enum_word, items_by_name
from axpair_emulator.errors import ConfigError

_HANDLED = ("FLOAT32", "INT16", "UINT16", "INT8", "UINT8")
_MAX_Q = 1 << 24


def resolve_outputs(config: pb.Config, signature: Signature, warnings: list[str]) -> tuple[OutputConf, ...]:
    """One OutputConf per output of the model, in its order; Q 0 on an integer output means: from calibration."""
    sources = items_by_name("src_output_tensors", config.src_output_tensors, signature.outputs, warnings)
    joints = items_by_name("dst_output_tensors", config.dst_output_tensors, signature.outputs, warnings)
    if config.neuwizard_conf.operator_conf.output_conf_items:
        warnings.append("output_conf_items is not emulated: use dst_output_tensors for an output's type and Q")
    return tuple(
        _output(name, shape, sources[name], joints[name], warnings) for name, shape in signature.outputs.items()
    )


def _output(
    name: str, shape: tuple[int, ...], source: pb.TensorConf, joint: pb.TensorConf, warnings: list[str]
) -> OutputConf:
    word = enum_word(pb.DataType, joint.data_type) if joint.data_type else "FLOAT32"
    if word not in _HANDLED:
        raise ConfigError(
            f"output {name!r} has the type {word}; the emulator has {', '.join(_HANDLED)}",
            next_step="use one of those as dst_output_tensors.data_type",
        )
    q = max(joint.quantization_value, 0)
    if q > _MAX_Q:
        raise ConfigError(f"quantization_value {q} of output {name!r} is absurd", next_step="Q is at most 2^24")
    if q and word == "FLOAT32":
        warnings.append(f"quantization_value of output {name!r} has no effect: its type is FLOAT32")
        q = 0
    if joint.color_space or source.color_space:
        warnings.append(f"color_space of output {name!r} has no effect")
    axes = len(shape) == 4
    src_layout = _layout(source, "NCHW") if axes else ""
    dst_layout = _layout(joint, src_layout) if axes else ""
    return OutputConf(name, shape, cast(Layout, src_layout), cast(Layout, dst_layout), word.lower(), q)


def _layout(item: pb.TensorConf, native: str) -> str:
    word = enum_word(pb.TensorLayout, item.tensor_layout)
    return native if word == "NATIVE" else word
