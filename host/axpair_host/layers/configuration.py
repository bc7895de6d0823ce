"""Changes to a user's configuration: the vendor's table of layers turned on, operators in 16 bit."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from axpair_proto.config_files import read_config, store_config
from axpair_proto.pulsar import config_pb2 as pb

MEASURED_SAMPLES = 2
"""Of the calibration set, where nothing is said of the error measurement's own."""


def measure_layers(config: Path, out: Path) -> tuple[str, ...]:
    """Write `config` to `out` with the table of layers turned on and everything else as it is; returns what was left
    out, since the reader doesn't know it.

    The table is of evaluation_conf (toolchains after 0.6.1.2) and takes its data from dataset_conf_error_measurement;
    where that isn't there it is made of the calibration set's first samples. Relative paths go on meaning the same
    files. Raises ContractError for a configuration that can't be read and a file that can't be written.
    """
    message, warnings = read_moved(config, out.parent)
    neuwizard = message.neuwizard_conf
    evaluation = neuwizard.evaluation_conf
    evaluation.type = pb.EVALUATION_TYPE_ERROR_MEASURE
    if pb.IR_TYPE_ONNX not in evaluation.source_ir_types:
        evaluation.source_ir_types.append(pb.IR_TYPE_ONNX)
    if pb.IR_TYPE_LAVA not in evaluation.ir_types:
        evaluation.ir_types.append(pb.IR_TYPE_LAVA)
    evaluation.score_compare_per_layer = True
    if not neuwizard.HasField("dataset_conf_error_measurement"):
        calibration = neuwizard.dataset_conf_calibration
        data = neuwizard.dataset_conf_error_measurement
        data.path, data.type, data.batch_size = calibration.path, calibration.type, 1
        data.size = min(calibration.size or MEASURED_SAMPLES, MEASURED_SAMPLES)
        for item in calibration.dataset_conf_items:
            data.dataset_conf_items.add().CopyFrom(item)
    store_config(out, message)
    return warnings


def widen(config: Path, out: Path, operators: Iterable[str]) -> None:
    """Write `config` to `out` with the features of these operators (ONNX node names) in 16 bit. Raises as above."""
    message, _ = read_moved(config, out.parent)
    put_wide(message, operators)
    store_config(out, message)


def put_wide(message: pb.Config, operators: Iterable[str]) -> None:
    """Add an item that puts the features of these operators into 16 bit."""
    item = message.neuwizard_conf.operator_conf.operator_conf_items.add()
    item.selector.op_name_regex = "|".join(re.escape(name) for name in dict.fromkeys(operators))
    item.attributes.input_feature_type = pb.UINT16


def read_moved(config: Path, folder: Path) -> tuple[pb.Config, tuple[str, ...]]:
    """The configuration with its relative paths rewritten for a file in `folder`, and what was left out."""
    message, warnings = read_config(config)

    def moved(path: str) -> str:
        if not path or Path(path).is_absolute() or folder.resolve() == config.parent.resolve():
            return path
        target = (config.parent / path).resolve()
        try:
            return Path(os.path.relpath(target, folder.resolve())).as_posix()
        except ValueError:  # another drive
            return target.as_posix()

    message.input_path, message.output_path = moved(message.input_path), moved(message.output_path)
    neuwizard = message.neuwizard_conf
    for field in ("dataset_conf_calibration", "dataset_conf_error_measurement"):
        if neuwizard.HasField(field):
            dataset = getattr(neuwizard, field)
            dataset.path = moved(dataset.path)
            for item in dataset.dataset_conf_items:
                item.path = moved(item.path)
    return message, warnings
