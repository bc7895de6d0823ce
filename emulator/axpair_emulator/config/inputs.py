"""The inputs of a configuration, resolved against the model's."""

from __future__ import annotations

from typing import cast

import numpy as np
from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import InputConf, Layout, Modification
from axpair_emulator.config.colors import MAX_Q, colors_of, say_conversion, standard_of
from axpair_emulator.config.modifications import modifications_of, odd_values
from axpair_emulator.config.selection import selected
from axpair_emulator.config.signature import Signature
from axpair_emulator.config.tensor_items import enum_word, items_by_name, with_older_spelling
from axpair_emulator.errors import ConfigError

_HANDLED_TYPES = ("UINT8", "INT8", "UINT16", "INT16", "FLOAT32")


def resolve_inputs(config: pb.Config, signature: Signature, warnings: list[str]) -> tuple[InputConf, ...]:
    """One InputConf per input of the model, in its order. Raises ConfigError on contradictions."""
    source_items = with_older_spelling(config, "src_input_tensors", "input_tensors", warnings)
    joint_items = with_older_spelling(config, "dst_input_tensors", "output_tensors", warnings)
    sources = items_by_name("src_input_tensors", source_items, signature.inputs, warnings)
    joints = items_by_name("dst_input_tensors", joint_items, signature.inputs, warnings)
    return tuple(
        _input(config, name, shape, sources[name], joints[name], signature, warnings)
        for name, shape in signature.inputs.items()
    )


def _input(
    config: pb.Config,
    name: str,
    shape: tuple[int, ...],
    source: pb.TensorConf,
    joint: pb.TensorConf,
    signature: Signature,
    warnings: list[str],
) -> InputConf:
    items = [
        item.attributes
        for item in config.neuwizard_conf.operator_conf.input_conf_items
        if name in selected(item.selector, signature.inputs, "input_conf_items")
    ]
    ids = name in signature.ids
    dtype = _dtype(name, [joint.data_type, *(item.type for item in items)], ids)
    axes = len(shape) == 4
    src_layout: Layout = _layout(source) if axes else ""
    batch, *places = shape if axes else (0,)
    planes = () if not axes else (batch, places[2], *places[:2]) if src_layout == "NHWC" else shape
    colors = colors_of(name, source, joint, planes, dtype)
    channels = planes[1] if axes else 1
    native: Layout = "NHWC" if dtype == "uint8" or (colors[1] and dtype != "float32") else src_layout
    conf = InputConf(
        name,
        shape,
        src_layout,
        colors[0],
        _layout(joint, native) if axes else "",
        colors[1],
        dtype,
        _modifications(name, items, channels, dtype, warnings),
        _q(name, joint, colors[1], dtype, warnings),
        standard_of(name, source, joint, colors, warnings),
        ids,
    )
    if ids and (conf.modifications or conf.q or colors[1]):
        raise ConfigError(
            f"input {name!r} holds whole numbers that pick rows of a table: nothing of them is normalised, and they "
            "have no color and no Q",
            next_step="leave input_modifications, color_space and quantization_value of that input out",
        )
    say_conversion(name, colors, conf.picture_color, source, warnings)
    _warn_of_source(name, source, warnings)
    return conf


def _q(name: str, joint: pb.TensorConf, color: str, dtype: str, warnings: list[str]) -> int:
    """By what the joint's integers are to be divided; 0 where they are the values."""
    q = max(joint.quantization_value, 0)
    if not q:
        return 0
    if dtype in ("uint8", "float32"):
        warnings.append(f"quantization_value of input {name!r} has no effect here: its type is {dtype.upper()}")
        return 0
    if q > MAX_Q or (color and q * 255 > np.iinfo(dtype).max):
        raise ConfigError(
            f"quantization_value {q} of input {name!r} is too large: a pixel of 255 becomes {q * 255}, beyond {dtype}"
            if color
            else f"quantization_value {q} of input {name!r} is too large: Q is at most 2^24",
            next_step="use a smaller quantization_value",
        )
    return q


def _warn_of_source(name: str, source: pb.TensorConf, warnings: list[str]) -> None:
    if source.quantization_value:
        warnings.append(
            f"quantization_value of input {name!r} has no effect in src_input_tensors: it belongs to dst_input_tensors"
        )
    if source.data_type not in (pb.DATA_TYPE_UNKNOWN, pb.FLOAT32):
        word = enum_word(pb.DataType, source.data_type)
        warnings.append(f"data_type {word} of src_input_tensors has no effect for {name!r}: the ONNX model has its own")


def _modifications(
    name: str, items: list[pb.InputConfItem.Attributes], channels: int, dtype: str, warnings: list[str]
) -> tuple[Modification, ...]:
    modifying = [item for item in items if item.input_modifications]
    if len(modifying) > 1:
        warnings.append(
            f"input_conf_items: {len(modifying)} items have input_modifications for {name!r}: "
            "they run one after the other"
        )
    steps = [step for item in modifying for step in item.input_modifications]
    found = modifications_of(steps, name, channels)
    warnings += odd_values(found, name)
    if found and dtype == "float32":
        raise ConfigError(
            f"input {name!r} is {dtype} and has input_modifications; only integers are modified inside the joint",
            next_step="drop the modifications and normalise in your program, or make the input UINT8 or INT16",
        )
    return found


def _dtype(name: str, types: list[pb.DataType.ValueType], ids: bool) -> str:
    words = list(dict.fromkeys(enum_word(pb.DataType, value) for value in types if value))
    for word in words:
        if word not in _HANDLED_TYPES:
            raise ConfigError(
                f"input {name!r} has the type {word}; the emulator has {', '.join(_HANDLED_TYPES)}",
                next_step="use one of those as dst_input_tensors.data_type",
            )
    if ids and words == ["FLOAT32"]:
        raise ConfigError(
            f"input {name!r} is FLOAT32 in the configuration, and the ONNX model takes whole numbers there",
            next_step="leave its type out (int32), or give UINT16, INT16, UINT8 or INT8",
        )
    if len(words) > 1:
        raise ConfigError(
            f"input {name!r} is both {words[0]} and {words[1]}",
            next_step="give dst_input_tensors.data_type and input_conf_items.attributes.type the same value",
        )
    return words[0].lower() if words else "int32" if ids else "uint8"


def _layout(item: pb.TensorConf, native: Layout = "NCHW") -> Layout:
    word = enum_word(pb.TensorLayout, item.tensor_layout)
    return native if word == "NATIVE" else cast(Layout, word)
