"""What a configuration may say by the vendor's references, and nothing here goes by: a sentence each, no end."""

from __future__ import annotations

from collections.abc import Iterator

from axpair_proto.pulsar import config_pb2 as pb

EVALUATOR = "neuwizard.evaluator.error_measure_evaluator"
"""The module that the vendor's samples name: a part of the toolchain, no file."""

FIELDS = {
    "Config": {"enable_progress_bar", "joint_conf", "deploy_modifications", "qat_convert_mode", "tasks"},
    "NeuwizardConf": {"global_conf", "task_conf", "dataset_conf_train"},
    "DatasetConf": {"data_generation_conf", "calibration_range_expander", "target_data_type", "resize_conf"},
    "Item": {"resize_conf"},
}
"""By message: documented fields whose content is passed over as it stands."""

_COMPARED = {"source_ir_types": pb.IR_TYPE_ONNX, "ir_types": pb.IR_TYPE_LAVA}
_OPPOSITE = {"source_ir_types": pb.IR_TYPE_LAVA, "ir_types": pb.IR_TYPE_ONNX}


def passed_over(config: pb.Config) -> Iterator[str]:
    """A sentence for each documented value that has no effect here."""
    if config.input_type not in (pb.INPUT_TYPE_AUTO, pb.INPUT_TYPE_ONNX):
        yield f"input_type {pb.InputType.Name(config.input_type)} has no effect here: ONNX models are read, no others"
    neuwizard = config.neuwizard_conf
    for field in ("dataset_conf_calibration", "dataset_conf_error_measurement"):
        dataset: pb.DatasetConf = getattr(neuwizard, field)
        if dataset.type not in (pb.DATASET_TYPE_UNKNOWN, pb.DATASET_TYPE_TAR, pb.DATASET_TYPE_NONE):
            yield f"{field}.type {pb.DatasetType.Name(dataset.type)} has no effect here: the tar at path is read"
        if dataset.observer_method == pb.OBSVR_METHOD_PERCENTILE:
            yield f"{field}.observer_method OBSVR_METHOD_PERCENTILE has no effect here: extremes are taken"
    yield from _of_evaluation(neuwizard.evaluation_conf)


def _of_evaluation(evaluation: pb.EvaluationConf) -> Iterator[str]:
    if evaluation.path not in ("", EVALUATOR):
        yield f"evaluation_conf.path {evaluation.path!r} has no effect here: the error is measured by a build itself"
    if evaluation.type in (pb.EVALUATION_TYPE_NONE, pb.EVALUATION_TYPE_PYMODULE):
        word = pb.EvaluationType.Name(evaluation.type)
        yield f"evaluation_conf.type {word} has no effect here: the error is measured by a build itself"
    for field, compared in _COMPARED.items():
        for kind in dict.fromkeys(getattr(evaluation, field)):
            if kind not in (compared, _OPPOSITE[field], pb.IR_TYPE_UNKNOWN):
                yield (
                    f"evaluation_conf.{field} {pb.IrType.Name(kind)} has no effect here: IR_TYPE_ONNX is compared with "
                    "IR_TYPE_LAVA"
                )


def compared_with_itself(config: pb.Config) -> Iterator[tuple[str, str, str]]:
    """(field, what it says, what it has to say) where a form of the model would be compared with itself."""
    for field, opposite in _OPPOSITE.items():
        if opposite in getattr(config.neuwizard_conf.evaluation_conf, field):
            yield f"evaluation_conf.{field}", pb.IrType.Name(opposite), pb.IrType.Name(_COMPARED[field])
