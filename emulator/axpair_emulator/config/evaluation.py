"""What the quantised model is compared with the float one on, and how finely."""

from __future__ import annotations

from pathlib import Path

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import MeasurementConf
from axpair_emulator.config.calibration import archives_of
from axpair_emulator.config.signature import Signature
from axpair_emulator.config.tensor_items import enum_word
from axpair_emulator.errors import ConfigError

EVALUATOR = "neuwizard.evaluator.error_measure_evaluator"
"""The module that the vendor's samples name: a part of the toolchain, no file."""


def resolve_measurement(config: pb.Config, folder: Path, signature: Signature, warnings: list[str]) -> MeasurementConf:
    """The data set of the error measurement and what is measured; paths are relative to `folder`.

    Raises ConfigError for negative numbers, and where an input has no archive.
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
    if neuwizard.HasField("evaluation_conf"):
        _check_evaluation(evaluation, warnings)
    return MeasurementConf(
        paths=paths,
        size=dataset.size,
        batch_size=dataset.batch_size,
        per_layer=evaluation.score_compare_per_layer,
    )


def _check_evaluation(evaluation: pb.EvaluationConf, warnings: list[str]) -> None:
    if evaluation.path not in ("", EVALUATOR):
        warnings.append(f"evaluation_conf.path {evaluation.path!r} has no effect: the emulator's own evaluator is used")
    for field, only in (("source_ir_types", pb.IR_TYPE_ONNX), ("ir_types", pb.IR_TYPE_LAVA)):
        for kind in getattr(evaluation, field):
            if kind not in (only, pb.IR_TYPE_UNKNOWN):
                raise ConfigError(
                    f"evaluation_conf.{field} is {enum_word(pb.IrType, kind)}; the emulator compares "
                    f"{enum_word(pb.IrType, only)} there",
                    next_step="compare IR_TYPE_ONNX (source_ir_types) with IR_TYPE_LAVA (ir_types)",
                )
    if evaluation.score_compare_per_layer and evaluation.type != pb.EVALUATION_TYPE_ERROR_MEASURE:
        warnings.append("evaluation_conf.type isn't given: EVALUATION_TYPE_ERROR_MEASURE is taken")
