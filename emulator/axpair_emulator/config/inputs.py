"""The inputs of a configuration, resolved against the model's."""

from __future__ import annotations

from typing import cast

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import InputConf, Layout, Modification
from axpair_emulator.config.modifications import modifications_of
from axpair_emulator.config.selection import selected
from axpair_emulator.config.signature import Signature
from axpair_emulator.config.tensor_items import enum_word, items_by_name, with_older_spelling
from axpair_emulator.errors import ConfigError

_HANDLED_COLORS = ("AUTO", "BGR", "RGB", "GRAY")
_HANDLED_TYPES = ("DATA_TYPE_UNKNOWN", "UINT8", "FLOAT32")


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
    dtype = _dtype(name, [joint.data_type, *(item.type for item in items)])
    axes = len(shape) == 4
    src_layout: Layout = _layout(source) if axes else ""
    channels = (shape[3] if src_layout == "NHWC" else shape[1]) if axes else 1
    src_color = _color("src_input_tensors", name, source, channels, axes)
    dst_color = _color("dst_input_tensors", name, joint, channels, axes)
    _check_colors(name, src_color, dst_color, source, warnings)
    modifications = _modifications(name, items, channels, dtype)
    native: Layout = "NHWC" if dtype == "uint8" else src_layout
    dst_layout: Layout = _layout(joint, native) if axes else ""
    for field in ("quantization_value", "color_standard"):
        if getattr(joint, field) or getattr(source, field):
            warnings.append(f"{field} of input {name!r} has no effect here")
    return InputConf(name, shape, src_layout, src_color, dst_layout, dst_color, dtype, modifications)


def _modifications(
    name: str, items: list[pb.InputConfItem.Attributes], channels: int, dtype: str
) -> tuple[Modification, ...]:
    steps = [step for item in items for step in item.input_modifications]
    found = modifications_of(steps, name, channels)
    if found and dtype != "uint8":
        raise ConfigError(
            f"input {name!r} is {dtype} and has input_modifications; only bytes are modified inside the joint",
            next_step="drop the modifications and normalise in your program, or make the input UINT8",
        )
    return found


def _dtype(name: str, types: list[pb.DataType.ValueType]) -> str:
    words = list(dict.fromkeys(enum_word(pb.DataType, value) for value in types if value))
    for word in words:
        if word not in _HANDLED_TYPES:
            raise ConfigError(
                f"input {name!r} has the type {word}; the emulator has UINT8 and FLOAT32 inputs",
                next_step="use UINT8 or FLOAT32",
            )
    if len(words) > 1:
        raise ConfigError(
            f"input {name!r} is both {words[0]} and {words[1]}",
            next_step="give dst_input_tensors.data_type and input_conf_items.attributes.type the same value",
        )
    return words[0].lower() if words else "uint8"


def _layout(item: pb.TensorConf, native: Layout = "NCHW") -> Layout:
    word = enum_word(pb.TensorLayout, item.tensor_layout)
    return native if word == "NATIVE" else cast(Layout, word)


def _color(field: str, name: str, item: pb.TensorConf, channels: int, axes: bool) -> str:
    word = enum_word(pb.ColorSpace, item.color_space, "TENSOR_COLOR_SPACE_")
    if word not in _HANDLED_COLORS:
        raise ConfigError(
            f"{field}: color_space {word} of {name!r} isn't emulated yet",
            next_step="use TENSOR_COLOR_SPACE_BGR, _RGB or _GRAY",
        )
    automatic = {3: "BGR", 1: "GRAY"}.get(channels, "") if axes else ""
    if word == "AUTO":
        return automatic
    if {"GRAY": 1}.get(word, 3) != channels or not axes:
        raise ConfigError(
            f"{field}: color_space {word} doesn't fit input {name!r}, which has {channels} channels",
            next_step="leave color_space out for feature maps, or check tensor_layout of src_input_tensors",
        )
    return word


def _check_colors(name: str, source: str, joint: str, item: pb.TensorConf, warnings: list[str]) -> None:
    if source == joint:
        return
    said = "" if item.color_space else " (src color_space isn't given: AUTO is BGR)"
    warnings.append(
        f"input {name!r}: the joint takes {joint}, the ONNX model {source}{said}; "
        "the joint swaps red and blue after normalising"
    )
