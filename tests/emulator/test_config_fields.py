"""Every field that a configuration can have: honoured, or named in a warning or refusal. A new field fails here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axpair_emulator.config.backends import allows_cpu
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.config.resolve import resolve
from axpair_emulator.config.signature import Signature
from axpair_emulator.errors import ConfigError
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.text import parse_config
from google.protobuf.descriptor import Descriptor

MODEL = Signature(
    {"data": (1, 3, 12, 10)}, {"boxes": (1, 4, 6, 5), "score": (1, 7)}, {"conv_1": "Conv", "lstm": "LSTM"}
)
CALIBRATION = "neuwizard_conf.dataset_conf_calibration"
MEASUREMENT = "neuwizard_conf.dataset_conf_error_measurement"
EVALUATION = "neuwizard_conf.evaluation_conf"
OPERATORS = "neuwizard_conf.operator_conf"
INPUT_ITEM, OUTPUT_ITEM = f"{OPERATORS}.input_conf_items", f"{OPERATORS}.output_conf_items"
OPERATOR_ITEM = f"{OPERATORS}.operator_conf_items"
MODIFICATION = f"{INPUT_ITEM}.attributes.input_modifications"

HONOURED: dict[str, tuple[str, ...]] = {
    "src_input_tensors.color_space": ("TENSOR_COLOR_SPACE_RGB",),
    "src_input_tensors.tensor_layout": ("NHWC",),
    "src_output_tensors.tensor_layout": ("NHWC",),
    "dst_input_tensors.color_space": ("TENSOR_COLOR_SPACE_RGB",),
    "dst_input_tensors.data_type": ("FLOAT32",),
    "dst_input_tensors.tensor_layout": ("NCHW",),
    "dst_output_tensors.data_type": ("INT16",),
    "dst_output_tensors.tensor_layout": ("NHWC",),
    "target_hardware": ("TARGET_HARDWARE_AX630",),
    f"{CALIBRATION}.path": ('"other.tar"',),
    f"{CALIBRATION}.size": ("7",),
    f"{CALIBRATION}.calibration_strategy": ("CALIB_STRATEGY_PER_CHANNEL",),
    f"{CALIBRATION}.observer_method": ("OBSVR_METHOD_MSE_CLIPPING",),
    f"{CALIBRATION}.dataset_conf_items.path": ('"one.tar"',),
    f"{MEASUREMENT}.path": ('"m.tar"',),
    f"{EVALUATION}.score_compare_per_layer": ("true",),
    "pulsar_conf.ax620_virtual_npu": ("AX620_VIRTUAL_NPU_MODE_111",),
    "pulsar_conf.batch_size": ("4",),
    "pulsar_conf.debug": ("true",),
    f"{OPERATOR_ITEM}.attributes.input_feature_type": ("UINT16",),
    f"{INPUT_ITEM}.attributes.type": ("FLOAT32",),
    "cpu_backend_settings.onnx_setting.mode": ("DISABLED",),
    **{f"{MODIFICATION}.affine_preprocess.{field}": ("3",) for field in ("slope", "slope_divisor", "bias")},
    **{f"{MODIFICATION}.input_normalization.{field}": ("3",) for field in ("mean", "std")},
}
"""Setting the field to the value gives another build than leaving it out."""

TOGETHER: dict[str, tuple[str, str]] = {
    "pulsar_conf.batch_size_option": (
        "pulsar_conf { batch_size: 4 }",
        "pulsar_conf { batch_size: 4 batch_size_option: BSO_DYNAMIC }",
    ),
    "pulsar_conf.virtual_npu": (
        "target_hardware: TARGET_HARDWARE_AX630",
        "target_hardware: TARGET_HARDWARE_AX630 pulsar_conf { virtual_npu: VIRTUAL_NPU_MODE_311 }",
    ),
    f"{MEASUREMENT}.size": (
        'neuwizard_conf { dataset_conf_error_measurement { path: "m.tar" } }',
        'neuwizard_conf { dataset_conf_error_measurement { path: "m.tar" size: 5 } }',
    ),
    f"{MEASUREMENT}.dataset_conf_items.path": (
        'neuwizard_conf { dataset_conf_error_measurement { path: "m.tar" } }',
        'neuwizard_conf { dataset_conf_error_measurement { path: "m.tar" dataset_conf_items { path: "n.tar" } } }',
    ),
    "dst_output_tensors.quantization_value": (
        "dst_output_tensors { data_type: INT16 }",
        "dst_output_tensors { data_type: INT16 quantization_value: 64 }",
    ),
    f"{MODIFICATION}.affine_preprocess.bias_divisor": (
        "neuwizard_conf { operator_conf { input_conf_items { attributes { input_modifications { "
        "affine_preprocess { bias: 3 } } } } } }",
        "neuwizard_conf { operator_conf { input_conf_items { attributes { input_modifications { "
        "affine_preprocess { bias: 3 bias_divisor: 3 } } } } } }",
    ),
    "dst_input_tensors.quantization_value": (
        "dst_input_tensors { data_type: INT16 }",
        "dst_input_tensors { data_type: INT16 quantization_value: 8 }",
    ),
    "dst_input_tensors.color_standard": (
        "dst_input_tensors { color_space: TENSOR_COLOR_SPACE_NV12 }",
        "dst_input_tensors { color_space: TENSOR_COLOR_SPACE_NV12 color_standard: CSS_ITU_BT601_FULL_SWING }",
    ),
}
"""Honoured beside another field: the first text and the second give different builds."""

NAMED: dict[str, str] = {
    "output_type": "output_type: OUTPUT_TYPE_SUPERNET",
    "input_tensors": "input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }",
    "output_tensors": "output_tensors { color_space: TENSOR_COLOR_SPACE_RGB }",
    "src_output_tensors.color_space": "src_output_tensors { color_space: TENSOR_COLOR_SPACE_RGB }",
    "dst_output_tensors.color_space": "dst_output_tensors { color_space: TENSOR_COLOR_SPACE_RGB }",
    "cpu_backend_settings.axe_setting.mode": "cpu_backend_settings { axe_setting { mode: ENABLED } }",
    "cpu_backend_settings.axe_setting.axe_param.optimize_slim_model": (
        "cpu_backend_settings { axe_setting { axe_param { optimize_slim_model: true } } }"
    ),
    f"{CALIBRATION}.batch_size": "neuwizard_conf { dataset_conf_calibration { batch_size: 32 } }",
    f"{MEASUREMENT}.batch_size": ('neuwizard_conf { dataset_conf_error_measurement { path: "m.tar" batch_size: 32 } }'),
    f"{MEASUREMENT}.calibration_strategy": (
        'neuwizard_conf { dataset_conf_error_measurement { path: "m.tar" '
        "calibration_strategy: CALIB_STRATEGY_PER_CHANNEL } }"
    ),
    f"{MEASUREMENT}.observer_method": (
        'neuwizard_conf { dataset_conf_error_measurement { path: "m.tar" observer_method: OBSVR_METHOD_MSE_CLIPPING } }'
    ),
    f"{EVALUATION}.path": 'neuwizard_conf { evaluation_conf { path: "my.evaluator" } }',
    f"{EVALUATION}.type": "neuwizard_conf { evaluation_conf { score_compare_per_layer: true } }",
    f"{EVALUATION}.source_ir_types": "neuwizard_conf { evaluation_conf { source_ir_types: IR_TYPE_LAVA } }",
    f"{EVALUATION}.ir_types": "neuwizard_conf { evaluation_conf { ir_types: IR_TYPE_ONNX } }",
    "src_input_tensors.data_type": "src_input_tensors { data_type: UINT8 }",
    "src_input_tensors.quantization_value": "src_input_tensors { quantization_value: 8 }",
    "src_input_tensors.color_standard": "src_input_tensors { color_standard: CSS_ITU_BT601_FULL_SWING }",
    "src_output_tensors.data_type": "src_output_tensors { data_type: INT16 }",
    "src_output_tensors.quantization_value": "src_output_tensors { quantization_value: 8 }",
    "src_output_tensors.color_standard": "src_output_tensors { color_standard: CSS_ITU_BT601_FULL_SWING }",
    "dst_output_tensors.color_standard": "dst_output_tensors { color_standard: CSS_ITU_BT601_FULL_SWING }",
    f"{OPERATOR_ITEM}.attributes.lstm_mode": (
        "neuwizard_conf { operator_conf { operator_conf_items { attributes { lstm_mode: LSTM_MODE_CPU } } } }"
    ),
    f"{OPERATOR_ITEM}.attributes.weight_type": (
        "neuwizard_conf { operator_conf { operator_conf_items { attributes { weight_type: INT4 } } } }"
    ),
}
"""Texts whose warning or refusal says the field's own name."""

WHOLE: dict[str, str] = {
    f"{OUTPUT_ITEM}.": "neuwizard_conf { operator_conf { output_conf_items { attributes { type: INT16 } } } }",
}
"""Messages that are named as a whole, whatever stands in them."""

FREE = {
    "input_path": "where a build reads (build_paths.py)",
    "output_path": "where a build writes (build_paths.py)",
    "input_type": "AUTO and ONNX are the same: only ONNX models are read",
    f"{CALIBRATION}.type": "a tar is the only kind; any other is named (passed_over.py)",
    f"{MEASUREMENT}.type": "a tar is the only kind",
}
"""Fields whose values all mean the same, and those that `resolve` doesn't read."""

SELECTS = ("tensor_name", "selector.op_name", "selector.op_name_regex")
"""Which tensor or operator an item means; tested in test_config.py."""


def fields(message: Descriptor, prefix: str = "") -> Iterator[str]:
    """The dotted path of every scalar field, the older spellings' items apart."""
    for field in message.fields:
        path = f"{prefix}{field.name}"
        if field.message_type is None or path in ("input_tensors", "output_tensors"):
            yield path
        else:
            yield from fields(field.message_type, f"{path}.")


def text_of(path: str, value: str) -> str:
    *messages, field = path.split(".")
    return f"{' { '.join([*messages, f'{field}: {value}'])}{' }' * len(messages)}"


def configuration(text: str) -> pb.Config:
    config, _ = parse_config(text)
    if not config.target_hardware and "target_hardware" not in text:
        config.target_hardware = pb.TARGET_HARDWARE_AX620
    calibration = config.neuwizard_conf.dataset_conf_calibration
    calibration.path = calibration.path or "c.tar"
    return config


def built(text: str) -> tuple[BuildConfig, bool, tuple[str, ...]]:
    config = configuration(text)
    resolved, warnings = resolve(config, Path("/c"), MODEL)
    return resolved, allows_cpu(config), warnings


def test_every_field_is_honoured_or_named() -> None:
    known = {*HONOURED, *TOGETHER, *NAMED, *FREE}
    found = [
        path
        for path in fields(pb.Config.DESCRIPTOR)
        if not path.endswith(SELECTS) and not path.startswith(tuple(WHOLE))
    ]
    assert [path for path in found if path not in known] == []
    assert sorted(known - set(found)) == []


@pytest.mark.parametrize("path", HONOURED)
def test_honoured_field_changes_the_build(path: str) -> None:
    for value in HONOURED[path]:
        assert built(text_of(path, value))[:2] != built("")[:2]


@pytest.mark.parametrize("path", TOGETHER)
def test_field_that_needs_another_changes_the_build_beside_it(path: str) -> None:
    without, with_it = TOGETHER[path]
    assert built(with_it)[0] != built(without)[0]


@pytest.mark.parametrize("path", [*NAMED, *WHOLE])
def test_field_without_effect_is_named(path: str) -> None:
    try:
        said = " ".join(built({**NAMED, **WHOLE}[path])[2])
    except ConfigError as error:
        said = str(error)
    assert path.rstrip(".").rsplit(".", 1)[-1] in said


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("pulsar_conf { batch_size: [1, 4] batch_size_option: BSO_STATIC }", ("BSO_STATIC", "1, 4")),
        (
            "pulsar_conf { ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_111 virtual_npu: VIRTUAL_NPU_MODE_311 }",
            ("111", "311"),
        ),
        ("pulsar_conf { virtual_npu: VIRTUAL_NPU_MODE_311 }", ("311", "AX620")),
        (
            "target_hardware: TARGET_HARDWARE_AX170 pulsar_conf { ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_112 }",
            ("112", "AX170"),
        ),
        ("input_tensors {} src_input_tensors {}", ("input_tensors", "src_input_tensors")),
        ("output_tensors {} dst_input_tensors {}", ("output_tensors", "dst_input_tensors")),
        (
            "dst_input_tensors { data_type: UINT8 } neuwizard_conf { operator_conf { input_conf_items { "
            "attributes { type: FLOAT32 } } } }",
            ("UINT8", "FLOAT32"),
        ),
        ("output_type: OUTPUT_TYPE_SUPERNET", ("OUTPUT_TYPE_SUPERNET", "joint")),
    ],
)
def test_contradiction_names_both_values(text: str, both: tuple[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        built(text)
    assert all(value in str(caught.value) for value in both)


def test_batch_that_contradicts_the_model_names_both() -> None:
    model = Signature({"data": (10, 3, 32, 32)}, {"y": (10, 7)})
    for text, words in (
        ("pulsar_conf { batch_size: 4 }", "batch_size 4 contradicts the ONNX model, whose own batch is 10"),
        ("pulsar_conf { batch_size_option: BSO_DYNAMIC }", "up to 10 contradicts the ONNX model"),
    ):
        with pytest.raises(ConfigError, match=words) as caught:
            resolve(configuration(text), Path(), model)
        assert "--input-shape data:1x3x32x32" in str(caught.value.next_step)
    config, warnings = resolve(configuration("pulsar_conf { batch_size: 10 }"), Path(), model)
    assert (config.batch_sizes, config.items, warnings) == ((10,), 1, ())
    _, warnings = resolve(configuration(""), Path(), model)
    assert any("--input-shape data:1x3x32x32" in text for text in warnings)


def test_batch_needs_items_along_the_first_axis_everywhere() -> None:
    model = Signature({"x": (1, 4)}, {"state": (2, 1, 8)})
    with pytest.raises(ConfigError, match="'state' has the shape 2x1x8"):
        resolve(configuration("pulsar_conf { batch_size: 2 }"), Path(), model)


def test_onnx_backend_may_be_off_where_axe_is_on() -> None:
    assert not allows_cpu(configuration("cpu_backend_settings { onnx_setting { mode: DISABLED } }"))
    both = "cpu_backend_settings { onnx_setting { mode: DISABLED } axe_setting { mode: ENABLED } }"
    assert allows_cpu(configuration(both))
