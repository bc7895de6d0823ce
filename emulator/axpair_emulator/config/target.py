"""Hardware and virtual NPU of a configuration."""

from __future__ import annotations

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.tensor_items import enum_word
from axpair_emulator.errors import ConfigError

VIRTUAL_NPUS = {
    "AX620": ("0", "111", "112"),
    "AX630": ("0", "311", "312", "221", "222"),
    "AX170": ("0",),
}


def resolve_target(config: pb.Config, warnings: list[str]) -> tuple[str, str]:
    """(hardware, virtual NPU as the flag spells it). ConfigError for a mode that the hardware doesn't have."""
    pulsar = config.pulsar_conf
    hardware = enum_word(pb.TargetHardware, config.target_hardware, "TARGET_HARDWARE_")
    modes = {
        "virtual_npu": enum_word(pb.VirtualNpuMode, pulsar.virtual_npu, "VIRTUAL_NPU_MODE_"),
        "ax620_virtual_npu": enum_word(pb.Ax620VirtualNpuMode, pulsar.ax620_virtual_npu, "AX620_VIRTUAL_NPU_MODE_"),
    }
    given = {field: mode for field, mode in modes.items() if mode != "AUTO"}
    allowed = VIRTUAL_NPUS[hardware]
    if len(given) == 2:
        raise ConfigError(
            f"pulsar_conf has both virtual_npu {given['virtual_npu']} and "
            f"ax620_virtual_npu {given['ax620_virtual_npu']}",
            next_step="keep the one of your target_hardware",
        )
    for field, mode in given.items():
        if mode not in allowed:
            raise ConfigError(
                f"pulsar_conf.{field} {mode} contradicts target_hardware {hardware}, which has the modes "
                f"{', '.join(allowed)}{'' if config.target_hardware else ' (AX630 is the default)'}",
                next_step="give the target_hardware that the mode belongs to, or another mode",
            )
        if (field == "ax620_virtual_npu") != (hardware == "AX620"):
            warnings.append(f"pulsar_conf.{field} is not the field of {hardware}; mode 0 is the same in both")
    return hardware, next(iter(given.values()), "0")
