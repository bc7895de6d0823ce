"""A BuildConfig as configuration text: output_config.prototxt, in which nothing is left to defaults."""

from __future__ import annotations

import os
from pathlib import Path

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import Affine, BuildConfig, InputConf, OutputConf
from axpair_emulator.config.colors import STANDARDS


def expand(config: BuildConfig, folder: Path, onnx: Path, joint: Path) -> pb.Config:
    """The message; paths are relative to `folder`, where the file will lie, if they can be."""
    message = pb.Config(
        input_path=_relative(onnx, folder),
        input_type=pb.INPUT_TYPE_ONNX,
        output_path=_relative(joint, folder),
        output_type=pb.OUTPUT_TYPE_JOINT,
        target_hardware=pb.TargetHardware.Value(f"TARGET_HARDWARE_{config.target_hardware}"),
    )
    for source in config.inputs:
        _expand_input(source, message)
    for result in config.outputs:
        _expand_output(result, message)
    operators = message.neuwizard_conf.operator_conf
    for rule in config.operators:
        item = operators.operator_conf_items.add()
        item.selector.op_name_regex = rule.pattern
        item.attributes.input_feature_type = pb.UINT16 if rule.feature_bits == 16 else pb.UINT8
    _expand_calibration(config, folder, message.neuwizard_conf.dataset_conf_calibration)
    _expand_measurement(config, folder, message.neuwizard_conf)
    backends = message.cpu_backend_settings
    backends.onnx_setting.mode = pb.BackendMode.Value(config.cpu.onnx)
    backends.axe_setting.mode = pb.BackendMode.Value(config.cpu.axe)
    backends.axe_setting.axe_param.optimize_slim_model = config.cpu.optimize_slim_model
    message.pulsar_conf.batch_size.extend(config.batch_sizes)
    message.pulsar_conf.batch_size_option = pb.BSO_DYNAMIC if config.dynamic_batch else pb.BSO_STATIC
    message.pulsar_conf.debug = config.debug
    mode = config.virtual_npu
    if config.target_hardware == "AX620":
        message.pulsar_conf.ax620_virtual_npu = pb.Ax620VirtualNpuMode.Value(f"AX620_VIRTUAL_NPU_MODE_{mode}")
    else:
        message.pulsar_conf.virtual_npu = pb.VirtualNpuMode.Value(f"VIRTUAL_NPU_MODE_{mode}")
    return message


def _expand_input(conf: InputConf, message: pb.Config) -> None:
    message.src_input_tensors.add(
        tensor_name=conf.name, color_space=_color(conf.src_color), tensor_layout=_layout(conf.src_layout)
    )
    message.dst_input_tensors.add(
        tensor_name=conf.name,
        color_space=_color(conf.dst_color),
        data_type=None if conf.dst_dtype == "int32" else pb.DataType.Value(conf.dst_dtype.upper()),
        quantization_value=conf.q,
        color_standard=STANDARDS[conf.color_standard],
        tensor_layout=_layout(conf.dst_layout),
    )
    if not conf.modifications:
        return
    item = message.neuwizard_conf.operator_conf.input_conf_items.add()
    item.selector.op_name = conf.name
    for step in conf.modifications:
        added = item.attributes.input_modifications.add()
        if isinstance(step, Affine):
            affine = added.affine_preprocess
            affine.slope.extend(step.slope)
            affine.slope_divisor.extend(step.slope_divisor)
            affine.bias.extend(step.bias)
            affine.bias_divisor.extend(step.bias_divisor)
        else:
            added.input_normalization.mean.extend(step.mean)
            added.input_normalization.std.extend(step.std)


def _expand_output(conf: OutputConf, message: pb.Config) -> None:
    message.src_output_tensors.add(tensor_name=conf.name, tensor_layout=_layout(conf.src_layout))
    message.dst_output_tensors.add(
        tensor_name=conf.name,
        data_type=pb.DataType.Value(conf.dtype.upper()),
        quantization_value=conf.q,
        tensor_layout=_layout(conf.dst_layout),
    )


def _expand_calibration(config: BuildConfig, folder: Path, dataset: pb.DatasetConf) -> None:
    calibration = config.calibration
    dataset.type = pb.DATASET_TYPE_TAR
    dataset.size = calibration.size
    dataset.batch_size = calibration.batch_size
    if calibration.per_channel:
        dataset.calibration_strategy = pb.CALIB_STRATEGY_PER_CHANNEL
    if calibration.mse_clipping:
        dataset.observer_method = pb.OBSVR_METHOD_MSE_CLIPPING
    for name, path in calibration.paths.items():
        item = dataset.dataset_conf_items.add(path=_relative(Path(path), folder))
        item.selector.op_name = name


def _expand_measurement(config: BuildConfig, folder: Path, neuwizard: pb.NeuwizardConf) -> None:
    measurement = config.measurement
    if measurement.paths:
        dataset = neuwizard.dataset_conf_error_measurement
        dataset.type = pb.DATASET_TYPE_TAR
        dataset.size = measurement.size
        dataset.batch_size = measurement.batch_size
        for name, path in measurement.paths.items():
            item = dataset.dataset_conf_items.add(path=_relative(Path(path), folder))
            item.selector.op_name = name
    if measurement.per_layer:
        evaluation = neuwizard.evaluation_conf
        evaluation.type = pb.EVALUATION_TYPE_ERROR_MEASURE
        evaluation.source_ir_types.append(pb.IR_TYPE_ONNX)
        evaluation.ir_types.append(pb.IR_TYPE_LAVA)
        evaluation.score_compare_per_layer = True


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:  # another drive
        return str(path.absolute())


def _color(word: str) -> pb.ColorSpace.ValueType:
    return pb.ColorSpace.Value(f"TENSOR_COLOR_SPACE_{word}") if word else pb.TENSOR_COLOR_SPACE_AUTO


def _layout(word: str) -> pb.TensorLayout.ValueType:
    return pb.TensorLayout.Value(word) if word else pb.NATIVE
