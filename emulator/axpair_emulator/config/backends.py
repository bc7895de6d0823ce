"""Which CPU backends may take operators that the NPU lacks."""

from __future__ import annotations

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import CpuBackends
from axpair_emulator.config.tensor_items import enum_word


def allows_cpu(config: pb.Config) -> bool:
    """Whether there may be a CPU part: with the ONNX backend disabled only if the other one, AXE, is enabled."""
    settings = config.cpu_backend_settings
    return settings.onnx_setting.mode != pb.DISABLED or settings.axe_setting.mode == pb.ENABLED


def resolve_backends(config: pb.Config, warnings: list[str]) -> CpuBackends:
    """The settings as they stand; one that changes nothing here is a warning."""
    settings = config.cpu_backend_settings
    if settings.axe_setting.mode == pb.ENABLED:
        warnings.append("cpu_backend_settings.axe_setting.mode ENABLED: what AXE would run, onnxruntime runs here")
    if settings.axe_setting.axe_param.optimize_slim_model:
        warnings.append("cpu_backend_settings.axe_setting.axe_param.optimize_slim_model has no effect")
    return CpuBackends(
        onnx=enum_word(pb.BackendMode, settings.onnx_setting.mode),
        axe=enum_word(pb.BackendMode, settings.axe_setting.mode),
        optimize_slim_model=settings.axe_setting.axe_param.optimize_slim_model,
    )
