"""From the configuration's message, the flags and the model's signature to a BuildConfig."""

from __future__ import annotations

from pathlib import Path

from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.passed_over import passed_over

from axpair_emulator.config.backends import resolve_backends
from axpair_emulator.config.batch import resolve_batch
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.config.calibration import resolve_calibration
from axpair_emulator.config.evaluation import resolve_measurement
from axpair_emulator.config.input_checks import input_defect
from axpair_emulator.config.inputs import resolve_inputs
from axpair_emulator.config.operators import resolve_operators
from axpair_emulator.config.outputs import resolve_outputs
from axpair_emulator.config.signature import Signature
from axpair_emulator.config.target import resolve_target
from axpair_emulator.config.unread import unread_fields
from axpair_emulator.errors import ConfigError


def resolve(config: pb.Config, folder: Path, signature: Signature) -> tuple[BuildConfig, tuple[str, ...]]:
    """The resolved configuration, and a warning for each field that has no effect.

    `folder` is that of the configuration file. Raises ConfigError when it contradicts itself or the model.
    """
    warnings: list[str] = []
    if config.output_type not in (pb.OUTPUT_TYPE_AUTO, pb.OUTPUT_TYPE_JOINT):
        raise ConfigError(
            f"output_type is {pb.OutputType.Name(config.output_type)}; the emulator builds joints",
            next_step="use OUTPUT_TYPE_JOINT",
        )
    hardware, virtual_npu = resolve_target(config, warnings)
    batch = resolve_batch(config, signature, warnings)
    resolved = BuildConfig(
        inputs=resolve_inputs(config, signature, warnings),
        outputs=resolve_outputs(config, signature, warnings),
        calibration=resolve_calibration(config, folder, signature, warnings),
        operators=resolve_operators(config, signature, warnings),
        target_hardware=hardware,
        virtual_npu=virtual_npu,
        batch_sizes=batch.sizes,
        dynamic_batch=batch.dynamic,
        items=batch.items,
        measurement=resolve_measurement(config, folder, signature, warnings),
        cpu=resolve_backends(config, warnings),
        debug=config.pulsar_conf.debug,
    )
    for conf in resolved.inputs:
        defect = input_defect(conf)
        if defect:
            raise ConfigError(f"input {conf.name!r} {defect}", next_step="correct input_modifications")
    return resolved, (*warnings, *unread_fields(config), *passed_over(config))
