"""Flags of the command line, put into the configuration: they beat the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.errors import ConfigError

_STANDARDS = {"studio": pb.CSS_ITU_BT601_STUDIO_SWING, "full": pb.CSS_ITU_BT601_FULL_SWING}
_LAYOUTS = {"native": pb.NATIVE, "nchw": pb.NCHW, "nhwc": pb.NHWC}


@dataclass(frozen=True)
class BuildFlags:
    """Flags of a build (pulsar build, 0.6.1.x) by their names, words as in `choices.py`. None or empty = not given."""

    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The emulator's own: of models that declare none, or a wrong one."""
    target_hardware: str | None = None
    """One of `HARDWARE`."""
    virtual_npu: str | None = None
    """One of `VIRTUAL_NPUS`."""
    calibration_batch_size: int | None = None
    compile_batch_size: tuple[int, ...] = ()
    batch_size_option: str | None = None
    """One of `BATCH_OPTIONS`."""
    input_tensor_color: str | None = None
    """One of `COLORS`: of the ONNX model's inputs."""
    output_tensor_color: str | None = None
    """One of `COLORS`: of the joint's inputs."""
    output_tensor_layout: str | None = None
    """One of `LAYOUTS`: of the joint's outputs."""
    color_std: str | None = None
    """One of `STANDARDS`."""


def apply_flags(config: pb.Config, flags: BuildFlags) -> None:
    """Change a configuration as the flags say; shapes apart, for which it has no field.

    Raises ConfigError for a batch size below 1.
    """
    for flag, size in (
        ("--calibration_batch_size", flags.calibration_batch_size),
        *(("--compile_batch_size", size) for size in flags.compile_batch_size),
    ):
        if size is not None and size < 1:
            raise ConfigError(f"{flag} is {size}", next_step="every batch size is at least 1")
    _apply_target(config, flags)
    if flags.input_tensor_color:
        for item in _items(config, "src_input_tensors", "input_tensors"):
            item.color_space = _color(flags.input_tensor_color)
    if flags.output_tensor_color:
        for item in _items(config, "dst_input_tensors", "output_tensors"):
            item.color_space = _color(flags.output_tensor_color)
    if flags.color_std:
        for item in _items(config, "dst_input_tensors", "output_tensors"):
            item.color_standard = _STANDARDS[flags.color_std]
    if flags.output_tensor_layout:
        for item in _items(config, "dst_output_tensors"):
            item.tensor_layout = _LAYOUTS[flags.output_tensor_layout]
    if flags.calibration_batch_size is not None:
        config.neuwizard_conf.dataset_conf_calibration.batch_size = flags.calibration_batch_size
    if flags.compile_batch_size:
        config.pulsar_conf.batch_size[:] = flags.compile_batch_size
        if config.pulsar_conf.batch_size_option == pb.BSO_STATIC and len(flags.compile_batch_size) > 1:
            config.pulsar_conf.batch_size_option = pb.BSO_AUTO
    if flags.batch_size_option:
        config.pulsar_conf.batch_size_option = pb.BatchSizeOption.Value(flags.batch_size_option)


def _apply_target(config: pb.Config, flags: BuildFlags) -> None:
    """The mode goes to the field of the hardware that has it. The field of other hardware than the flag names is
    emptied: it can't have been meant."""
    if flags.target_hardware:
        config.target_hardware = pb.TargetHardware.Value(f"TARGET_HARDWARE_{flags.target_hardware}")
        if flags.target_hardware == "AX620":
            config.pulsar_conf.ClearField("virtual_npu")
        else:
            config.pulsar_conf.ClearField("ax620_virtual_npu")
    if not flags.virtual_npu:
        return
    pulsar = config.pulsar_conf
    pulsar.virtual_npu, pulsar.ax620_virtual_npu = pb.VIRTUAL_NPU_MODE_AUTO, pb.AX620_VIRTUAL_NPU_MODE_AUTO
    of_ax620 = config.target_hardware == pb.TARGET_HARDWARE_AX620 if flags.virtual_npu == "0" else None
    if of_ax620 or (of_ax620 is None and flags.virtual_npu in ("111", "112")):
        pulsar.ax620_virtual_npu = pb.Ax620VirtualNpuMode.Value(f"AX620_VIRTUAL_NPU_MODE_{flags.virtual_npu}")
    else:
        pulsar.virtual_npu = pb.VirtualNpuMode.Value(f"VIRTUAL_NPU_MODE_{flags.virtual_npu}")


def _items(config: pb.Config, field: str, older: str = "") -> list[pb.TensorConf]:
    """Every item of a list, under the spelling that the file uses; a new one for all tensors where it has none."""
    items = getattr(config, older) if older and getattr(config, older) else getattr(config, field)
    if not items:
        items.add()
    return list(items)


def _color(word: str) -> pb.ColorSpace.ValueType:
    return pb.ColorSpace.Value(f"TENSOR_COLOR_SPACE_{word.upper()}")
