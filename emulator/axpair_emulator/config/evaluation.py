"""What the quantised model is compared with the float one on, and how finely."""

from __future__ import annotations

from pathlib import Path

from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.passed_over import compared_with_itself

from axpair_emulator.config.build_config import MeasurementConf
from axpair_emulator.config.calibration import archives_of
from axpair_emulator.config.signature import Signature
from axpair_emulator.errors import ConfigError


def resolve_measurement(config: pb.Config, folder: Path, signature: Signature, warnings: list[str]) -> MeasurementConf:
    """The data set of the error measurement and what is measured; paths are relative to `folder`.

    Raises ConfigError for negative numbers, where an input has no archive, and where a form of the model is to be
    compared with itself.
    """
    neuwizard = config.neuwizard_conf
    dataset = neuwizard.dataset_conf_error_measurement
    paths: dict[str, str] = {}
    if neuwizard.HasField("dataset_conf_error_measurement"):
        paths = archives_of(dataset, "dataset_conf_error_measurement", folder, signature, warnings)
        for field in ("calibration_strategy", "observer_method"):
            if getattr(dataset, field):
                warnings.append(f"dataset_conf_error_measurement.{field} has no effect: nothing is calibrated on it")
    evaluation = neuwizard.evaluation_conf
    for said, has, wanted in compared_with_itself(config):
        raise ConfigError(
            f"{said} is {has}: a form of the model would be compared with itself", next_step=f"write {said}: {wanted}"
        )
    if evaluation.score_compare_per_layer and evaluation.type == pb.EVALUATION_TYPE_UNKNOWN:
        warnings.append("evaluation_conf.type isn't given: EVALUATION_TYPE_ERROR_MEASURE is taken")
    return MeasurementConf(
        paths=paths,
        size=dataset.size,
        batch_size=dataset.batch_size,
        per_layer=evaluation.score_compare_per_layer,
    )
