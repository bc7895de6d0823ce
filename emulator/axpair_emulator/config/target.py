"""Hardware, virtual NPU and batch of a configuration."""

from __future__ import annotations

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.signature import BuildFlags
from axpair_emulator.config.tensor_items import enum_word
from axpair_emulator.errors import ConfigError

VIRTUAL_NPUS = {
    "AX620": ("0", "111", "112"),
    "AX630": ("0", "311", "312", "221", "222"),
    "AX170": ("0",),
}


def resolve_target(config: pb.Config, flags: BuildFlags, warnings: list[str]) -> tuple[str, str]:
    """(hardware, virtual NPU as the flag spells it). ConfigError for a mode that the hardware doesn't have."""
    pulsar = config.pulsar_conf
    hardware = flags.target_hardware or enum_word(pb.TargetHardware, config.target_hardware, "TARGET_HARDWARE_")
    modes = {
        "virtual_npu": enum_word(pb.VirtualNpuMode, pulsar.virtual_npu, "VIRTUAL_NPU_MODE_"),
        "ax620_virtual_npu": enum_word(pb.Ax620VirtualNpuMode, pulsar.ax620_virtual_npu, "AX620_VIRTUAL_NPU_MODE_"),
    }
    ours = "ax620_virtual_npu" if hardware == "AX620" else "virtual_npu"
    other = "virtual_npu" if hardware == "AX620" else "ax620_virtual_npu"
    if modes[other] != "AUTO":
        warnings.append(f"pulsar_conf.{other} has no effect: the target is {hardware}")
    mode = flags.virtual_npu or ("0" if modes[ours] == "AUTO" else modes[ours])
    if mode not in VIRTUAL_NPUS.get(hardware, ()):
        raise ConfigError(
            f"{hardware} has no virtual NPU mode {mode}",
            next_step=f"use {', '.join(VIRTUAL_NPUS.get(hardware, ('AX620 or AX630',)))}, or another target_hardware",
        )
    _warn_of_batches(pulsar, warnings)
    return hardware, mode


def _warn_of_batches(pulsar: pb.PulsarConf, warnings: list[str]) -> None:
    if list(pulsar.batch_size) not in ([], [1]):
        warnings.append(
            f"pulsar_conf.batch_size {list(pulsar.batch_size)} is not emulated yet: the batch is the model's"
        )
    if pulsar.batch_size_option == pb.BSO_DYNAMIC:
        warnings.append("pulsar_conf.batch_size_option BSO_DYNAMIC is not emulated yet")
    if pulsar.debug:
        warnings.append("pulsar_conf.debug has no effect")
