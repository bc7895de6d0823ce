"""From the configuration's message, the flags and the model's signature to a BuildConfig."""

from __future__ import annotations

from pathlib import Path

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.config.calibration import resolve_calibration
from axpair_emulator.config.inputs import resolve_inputs
from axpair_emulator.config.operators import resolve_operators
from axpair_emulator.config.outputs import resolve_outputs
from axpair_emulator.config.signature import BuildFlags, Signature
from axpair_emulator.config.target import resolve_target


def resolve(
    config: pb.Config, folder: Path, signature: Signature, flags: BuildFlags
) -> tuple[BuildConfig, tuple[str, ...]]:
    """The resolved configuration, and a warning for each field that has no effect.

    `folder` is that of the configuration file. Raises ConfigError when it contradicts itself or the model.
    """
    warnings: list[str] = []
    hardware, virtual_npu = resolve_target(config, flags, warnings)
    resolved = BuildConfig(
        inputs=resolve_inputs(config, signature, warnings),
        outputs=resolve_outputs(config, signature, warnings),
        calibration=resolve_calibration(config, folder, signature),
        operators=resolve_operators(config, signature, warnings),
        target_hardware=hardware,
        virtual_npu=virtual_npu,
    )
    _warn_of_unused_parts(config, warnings)
    return resolved, tuple(warnings)


def _warn_of_unused_parts(config: pb.Config, warnings: list[str]) -> None:
    if config.output_type == pb.OUTPUT_TYPE_SUPERNET:
        warnings.append("output_type OUTPUT_TYPE_SUPERNET is not emulated: a joint is built")
    if config.cpu_backend_settings.HasField("axe_setting"):
        warnings.append("cpu_backend_settings.axe_setting has no effect: a CPU part is run by onnxruntime")
    if config.neuwizard_conf.HasField("dataset_conf_error_measurement"):
        warnings.append("dataset_conf_error_measurement is not used: scores are of the first calibration samples")
    if config.neuwizard_conf.HasField("evaluation_conf"):
        warnings.append("evaluation_conf is not emulated yet: see `axpair layers` for errors by layer")
