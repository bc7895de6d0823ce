"""From configuration text to a BuildConfig and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.config.expand import expand
from axpair_emulator.config.flags import BuildFlags, apply_flags
from axpair_emulator.config.resolve import resolve
from axpair_emulator.config.signature import Signature
from axpair_emulator.errors import ConfigError
from axpair_proto.pulsar.text import parse_config, write_config

MODEL = Signature(
    {"data": (1, 3, 12, 10)},
    {"boxes": (1, 4, 6, 5), "score": (1, 7)},
    {"conv_1": "Conv", "conv_2": "Conv", "relu": "Relu"},
)
DATASET = 'dataset_conf_calibration { path: "c.tar" }'


def resolved(
    text: str = "",
    neuwizard: str = "",
    model: Signature = MODEL,
    flags: BuildFlags | None = None,
    folder: Path = Path("/c"),
) -> tuple[BuildConfig, tuple[str, ...]]:
    hardware = "" if "target_hardware" in text else "target_hardware: TARGET_HARDWARE_AX620\n"
    config, _ = parse_config(f"{hardware}{text}\nneuwizard_conf {{ {DATASET} {neuwizard} }}")
    apply_flags(config, flags or BuildFlags())
    return resolve(config, folder, model)


def modified(text: str) -> str:
    return f"operator_conf {{ input_conf_items {{ attributes {{ {text} }} }} }}"


def test_defaults_are_the_documented_ones() -> None:
    config, warnings = resolved()
    (data,) = config.inputs
    assert (data.dst_dtype, data.dst_layout, data.dst_color, data.src_color) == ("uint8", "NHWC", "BGR", "BGR")
    assert data.joint_shape == (1, 12, 10, 3)
    assert not data.reverses_channels
    assert [(out.dtype, out.dst_layout, out.joint_shape) for out in config.outputs] == [
        ("float32", "NCHW", (1, 4, 6, 5)),
        ("float32", "", (1, 7)),
    ]
    assert not config.calibration.per_channel
    assert not config.calibration.mse_clipping
    assert (config.target_hardware, config.virtual_npu) == ("AX620", "0")
    assert warnings == ()


def test_one_channel_is_grey_and_other_numbers_are_no_image() -> None:
    colors = {}
    for channels in (1, 2, 3, 4):
        config, _ = resolved(model=Signature({"x": (1, channels, 4, 4)}, {}))
        colors[channels] = config.inputs[0].dst_color
    assert colors == {1: "GRAY", 2: "", 3: "BGR", 4: ""}


def test_modifications_run_in_order_per_channel() -> None:
    steps = """input_modifications { affine_preprocess { slope: 2 slope_divisor: 255 bias: [3, 6, 9] bias_divisor: 3 } }
    input_modifications { input_normalization { mean: [0.5, 1, 2] std: [0.25, 0.5, 4] } }
    input_modifications { affine_preprocess { slope: [1, 2, 3] bias: 7 } }"""
    config, _ = resolved(neuwizard=modified(steps))
    gain, offset = config.inputs[0].gain_and_offset()
    byte = 200.0
    channels = zip((1, 2, 3), (0.5, 1, 2), (0.25, 0.5, 4), (1, 2, 3), strict=True)
    expected = [(byte * 2 / 255 + bias - mean) / std * slope + 7 for bias, mean, std, slope in channels]
    np.testing.assert_allclose(byte * gain + offset, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("input_modifications { input_normalization { mean: [1, 2] } }", "2 values; the input has 3 channels"),
        ("input_modifications { input_normalization { std: [1, 0, 1] } }", "std for input 'data' holds 0.0"),
        ("input_modifications { affine_preprocess { slope_divisor: 0 } }", "slope_divisor"),
        ("input_modifications { input_normalization { mean: inf } }", "holds inf"),
        ("type: FLOAT32 input_modifications { input_normalization { mean: 1 } }", "only integers are modified"),
        ("type: UINT4", "has the type UINT4"),
    ],
)
def test_senseless_modification_is_an_error(steps: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolved(neuwizard=modified(steps))


def test_differing_colours_reverse_the_channels_and_are_said() -> None:
    config, warnings = resolved("src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }")
    assert config.inputs[0].reverses_channels
    assert "the joint takes BGR, the ONNX model RGB" in warnings[0]
    same, none = resolved(
        "src_input_tensors {color_space: TENSOR_COLOR_SPACE_RGB} "
        "dst_input_tensors {color_space: TENSOR_COLOR_SPACE_RGB}"
    )
    assert not same.inputs[0].reverses_channels
    assert none == ()


def test_older_spellings_mean_inputs() -> None:
    config, warnings = resolved(
        "input_tensors { color_space: TENSOR_COLOR_SPACE_RGB } output_tensors { tensor_layout: NCHW }"
    )
    assert (config.inputs[0].src_color, config.inputs[0].dst_layout) == ("RGB", "NCHW")
    assert len([text for text in warnings if "older spelling" in text]) == 2
    with pytest.raises(ConfigError, match="both dst_input_tensors and its older spelling output_tensors"):
        resolved("dst_input_tensors {} output_tensors {}")


def test_item_without_name_overrides_the_others() -> None:
    config, warnings = resolved(
        'dst_output_tensors { tensor_name: "boxes" data_type: INT16 } dst_output_tensors { tensor_layout: NHWC }'
    )
    assert [(out.dtype, out.dst_layout) for out in config.outputs] == [("float32", "NHWC"), ("float32", "")]
    assert config.outputs[0].joint_shape == (1, 6, 5, 4)
    assert "overrides the 1 others" in warnings[0]


def test_model_in_nhwc_has_its_channels_last() -> None:
    config, _ = resolved(
        "src_input_tensors { tensor_layout: NHWC }", model=Signature({"x": (1, 12, 10, 3)}, {"y": (1, 2)})
    )
    (data,) = config.inputs
    assert (data.channels, data.planes_shape, data.joint_shape) == (3, (1, 3, 12, 10), (1, 12, 10, 3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('dst_input_tensors { tensor_name: "dat" }', "names 'dat'; the model has 'data'"),
        ('dst_output_tensors { tensor_name: "data" }', "names 'data'; the model has 'boxes', 'score'"),
        ("src_input_tensors { color_space: TENSOR_COLOR_SPACE_GRAY }", "which has 3 channels"),
        ("dst_input_tensors { data_type: INT4 }", "has the type INT4"),
        ("dst_output_tensors { data_type: UINT4 }", "has the type UINT4"),
    ],
)
def test_contradiction_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolved(text)


def test_unknown_input_in_a_selector_is_an_error_and_unknown_operator_a_warning() -> None:
    with pytest.raises(ConfigError, match="names 'dota'") as caught:
        resolved(neuwizard='operator_conf { input_conf_items { selector { op_name: "dota" } } }')
    assert "'data'" in str(caught.value.next_step)
    _, warnings = resolved(neuwizard='operator_conf { operator_conf_items { selector { op_name: "conv_9" } } }')
    assert any("no operator is named" in text for text in warnings)
    with pytest.raises(ConfigError, match="no regular expression"):
        resolved(neuwizard='operator_conf { operator_conf_items { selector { op_name_regex: "(" } } }')


def test_dataset_is_relative_to_the_configuration_file() -> None:
    config, _ = resolved(folder=Path("/here/config"))
    assert config.calibration.paths == {"data": str(Path("/here/config/c.tar").absolute())}
    with pytest.raises(ConfigError, match="no path for input 'data'"):
        resolve(parse_config("target_hardware: TARGET_HARDWARE_AX620")[0], Path(), MODEL)


def test_flags_beat_the_file() -> None:
    text = "pulsar_conf { ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_111 }"
    assert resolved(text)[0].virtual_npu == "111"
    assert resolved(text, flags=BuildFlags(virtual_npu="112"))[0].virtual_npu == "112"
    for flags, mode in (
        (BuildFlags(target_hardware="AX630", virtual_npu="311"), "311"),
        (BuildFlags(target_hardware="AX630"), "0"),
    ):
        config, warnings = resolved(text, flags=flags)
        assert (config.target_hardware, config.virtual_npu, warnings) == ("AX630", mode, ())
    with pytest.raises(ConfigError, match="virtual_npu 311 contradicts target_hardware AX620"):
        resolved(text, flags=BuildFlags(virtual_npu="311"))


def test_expanded_configuration_resolves_to_the_same_build(tmp_path: Path) -> None:
    steps = """input_modifications { affine_preprocess { slope: 1 slope_divisor: 255 } }
    input_modifications { input_normalization { mean: [0.485, 0.456, 0.406] std: [0.229, 0.224, 0.225] } }"""
    first, _ = resolved(
        "src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB } dst_output_tensors { tensor_layout: NHWC "
        "data_type: INT16 quantization_value: 64 } pulsar_conf { ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_112 "
        "batch_size: [1, 2, 4] debug: true } cpu_backend_settings { onnx_setting { mode: DISABLED } "
        "axe_setting { mode: ENABLED axe_param { optimize_slim_model: true } } }",
        modified(steps).replace(
            "operator_conf {",
            'operator_conf { operator_conf_items { selector { op_name_regex: "conv.*" } '
            "attributes { input_feature_type: UINT16 } }",
        )
        + 'dataset_conf_error_measurement { path: "m.tar" size: 9 batch_size: 3 } evaluation_conf { '
        "type: EVALUATION_TYPE_ERROR_MEASURE score_compare_per_layer: true }",
        folder=tmp_path,
    )
    folder = tmp_path / "out"
    text = write_config(expand(first, folder, tmp_path / "m.onnx", tmp_path / "m.joint"))
    again, _ = resolve(parse_config(text)[0], folder, MODEL)
    for data, wanted in ((again.calibration, first.calibration), (again.measurement, first.measurement)):
        assert Path(data.paths["data"]).resolve() == Path(wanted.paths["data"]).resolve()
        data.paths["data"] = wanted.paths["data"]
    assert again == first
    assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("neuwizard", "words"),
    [
        (
            "operator_conf { "
            "input_conf_items { attributes { input_modifications { affine_preprocess { slope: 2 } } } } "
            "input_conf_items { attributes { input_modifications { affine_preprocess { bias: 1 } } } } }",
            "2 items have input_modifications for 'data': they run one after the other",
        ),
        (modified("input_modifications { affine_preprocess { slope: 0 } }"), "slope of input 'data' holds 0"),
        (modified("input_modifications { input_normalization { std: -2 } }"), "std of input 'data' holds -2"),
        (
            'dataset_conf_error_measurement { dataset_conf_items { path: "a.tar" } '
            'dataset_conf_items { path: "b.tar" } }',
            "both 'a.tar' and 'b.tar'; the last one counts",
        ),
    ],
)
def test_what_is_allowed_and_hardly_meant_is_said(neuwizard: str, words: str) -> None:
    assert any(words in warning for warning in resolved(neuwizard=neuwizard)[1])


@pytest.mark.parametrize("flags", [BuildFlags(calibration_batch_size=0), BuildFlags(compile_batch_size=(1, 0))])
def test_a_batch_size_flag_below_one_is_refused(flags: BuildFlags) -> None:
    with pytest.raises(ConfigError, match="batch_size is 0"):
        resolved(flags=flags)


@pytest.mark.parametrize("word", ["IR_TYPE_NATIVE", "IR_TYPE_CAFFE", "IR_TYPE_AXION", "IR_TYPE_MAGMA"])
def test_documented_values_without_effect_are_a_line_and_change_nothing(word: str) -> None:
    text = f"""neuwizard_conf {{ {DATASET} global_conf {{ dump_bitmacs: true }} evaluation_conf {{
      type: EVALUATION_TYPE_PYMODULE source_ir_types: {word} ir_types: IR_TYPE_LAVA }} }}"""
    config, read = parse_config(text, "c")
    resolved, warnings = resolve(config, Path("/c"), MODEL)
    assert read == ("c:1: global_conf of NeuwizardConf has no effect here",)
    assert [line for line in warnings if word in line]
    assert [line for line in warnings if "EVALUATION_TYPE_PYMODULE" in line]
    plain, _ = parse_config(f"neuwizard_conf {{ {DATASET} }}")
    assert resolved == resolve(plain, Path("/c"), MODEL)[0]
