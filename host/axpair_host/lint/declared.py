"""What a configuration says of each input, as far as a lint needs it: colours, layout, dtype, Q, normalisation."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from axpair_proto.capabilities import FrontEnd
from axpair_proto.pulsar import config_pb2 as pb

from axpair_host.errors import UsageError

_CHANNELS = ("RGB", "BGR")


@dataclass(frozen=True)
class Step:
    """One modification of an input."""

    kind: str
    """"affine" or "normalization"."""
    gain: tuple[float, ...]
    offset: tuple[float, ...]
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    """As they are written; for "normalization" alone."""


@dataclass(frozen=True)
class DeclaredInput:
    """One input of the configuration."""

    name: str
    """"" where neither model nor configuration name it."""
    src_color: str
    """"" = AUTO."""
    dst_color: str
    layout: str
    """Of the ONNX model."""
    dtype: str
    """Of the joint's input."""
    q: int
    steps: tuple[Step, ...]

    @property
    def order(self) -> str:
        """Colours in whose order mean and std are applied: "RGB", "BGR", or "" where that isn't said."""
        # AUTO is BGR for a joint, whatever the ONNX model takes.
        taken = self.dst_color or (self.src_color if self.src_color not in _CHANNELS else "") or "BGR"
        if taken in ("NV12", "NV21"):
            taken = self.src_color or "BGR"
        taken = "BGR" if taken == "BGR0" else taken
        return taken if taken in _CHANNELS else ""

    def front_end(self) -> FrontEnd | None:
        """All steps as one; None without any."""
        if not self.steps:
            return None
        channels = max(len(step.gain) for step in self.steps)
        gain, offset = (1.0,) * channels, (0.0,) * channels
        for step in self.steps:
            gains, offsets = _spread(step.gain, channels), _spread(step.offset, channels)
            offset = tuple(o * g + p for o, g, p in zip(offset, gains, offsets, strict=True))
            gain = tuple(g * h for g, h in zip(gain, gains, strict=True))
        return FrontEnd(gain, offset, False, 3 if self.layout == "NHWC" else 1)


WHOLE = ("int32", "int64")
"""Dtypes of ids and counts."""


def declared_inputs(
    config: pb.Config, names: Sequence[str], dtypes: Mapping[str, str] = MappingProxyType({})
) -> tuple[DeclaredInput, ...]:
    """Each input; `names` are the model's, or () where it isn't at hand: those then that the configuration names.
    `dtypes` are the model's own by name: whole numbers, as ids are, stay such where nothing else is said.

    Raises UsageError for values that mean nothing, such as a std of 0.
    """
    known = list(names) or _named(config) or [""]
    return tuple(_input(config, name, "int32" if dtypes.get(name) in WHOLE else "uint8") for name in known)


def _named(config: pb.Config) -> list[str]:
    items = (*config.src_input_tensors, *config.input_tensors, *config.dst_input_tensors, *config.output_tensors)
    return list(dict.fromkeys(item.tensor_name for item in items if item.tensor_name))


def _input(config: pb.Config, name: str, unsaid: str) -> DeclaredInput:
    source = _item((*config.src_input_tensors, *config.input_tensors), name)
    joint = _item((*config.dst_input_tensors, *config.output_tensors), name)
    items = [
        item.attributes
        for item in config.neuwizard_conf.operator_conf.input_conf_items
        if _selects(item.selector, name)
    ]
    types = [joint.data_type, *(item.type for item in items)]
    dtype = next((pb.DataType.Name(one).lower() for one in types if one), unsaid)
    return DeclaredInput(
        name=name,
        src_color=_color(source),
        dst_color=_color(joint),
        layout="NHWC" if source.tensor_layout == pb.NHWC else "NCHW",
        dtype=dtype,
        q=max(joint.quantization_value, 0),
        steps=tuple(_step(name, step) for item in items for step in item.input_modifications),
    )


def _item(items: Iterable[pb.TensorConf], name: str) -> pb.TensorConf:
    listed = list(items)
    named = [item for item in listed if item.tensor_name == name and name]
    general = [item for item in listed if not item.tensor_name] or (listed if not name else [])
    return (named or general or [pb.TensorConf()])[0]


def _selects(selector: pb.Selector, name: str) -> bool:
    if selector.WhichOneof("by") is None or not name:
        return True
    if selector.op_name:
        return selector.op_name == name
    try:
        return re.fullmatch(selector.op_name_regex, name) is not None
    except re.error as error:
        raise UsageError(f"op_name_regex {selector.op_name_regex!r} is no regular expression: {error}") from error


def _color(item: pb.TensorConf) -> str:
    word = pb.ColorSpace.Name(item.color_space).removeprefix("TENSOR_COLOR_SPACE_")
    return "" if word == "AUTO" else word


def _step(name: str, step: pb.Modification) -> Step:
    if step.WhichOneof("kind") == "input_normalization":
        mean, std = tuple(step.input_normalization.mean), tuple(step.input_normalization.std)
        channels = max(len(mean), len(std), 1)
        means, stds = _spread(mean or (0.0,), channels), _spread(std or (1.0,), channels)
        _nonzero(name, "std", stds)
        gain = tuple(1 / one for one in stds)
        return Step("normalization", gain, tuple(-m * g for m, g in zip(means, gain, strict=True)), means, stds)
    affine = step.affine_preprocess
    values: list[Any] = [affine.slope or (1.0,), affine.slope_divisor or (1.0,)]
    values += [affine.bias or (0.0,), affine.bias_divisor or (1.0,)]
    channels = max(map(len, values))
    slope, under, bias, below = (_spread(tuple(one), channels) for one in values)
    _nonzero(name, "slope_divisor", under)
    _nonzero(name, "bias_divisor", below)
    gain = tuple(s / d for s, d in zip(slope, under, strict=True))
    return Step("affine", gain, tuple(b / d for b, d in zip(bias, below, strict=True)))


def _nonzero(name: str, field: str, values: tuple[float, ...]) -> None:
    if any(value == 0 or value != value for value in values):
        raise UsageError(f"input_modifications of {name or 'the input'}: {field} {list(values)} can't be divided by")


def _spread(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if len(values) not in (1, channels):
        raise UsageError(f"input_modifications: {len(values)} values for {channels} channels: {list(values)}")
    return values if len(values) == channels else values * channels


def calibration_paths(config: pb.Config, folder: Path, inputs: Iterable[DeclaredInput]) -> dict[str, Path]:
    """Each input's calibration set, for those that have one; relative paths are of the configuration's folder."""
    dataset = config.neuwizard_conf.dataset_conf_calibration
    found: dict[str, Path] = {}
    for one in inputs:
        path = dataset.path
        for item in dataset.dataset_conf_items:
            if _selects(item.selector, one.name):
                path = item.path or path
        if path:
            found[one.name] = folder / path
    return found
