"""pulsar2's BuildConfig from JSON: protobuf's rules hold, and every breach is named while the rest is read."""

import json

import pytest
from axpair_proto.pulsar.tokens import ConfigTextError
from axpair_proto.pulsar2.reading import Complaint, parse_build_config, where_known
from axpair_proto.pulsar2.schema import DataFormat, DataType, HardwareType, NPUMode
from hypothesis import given
from hypothesis import strategies as st


def complaints(text: str) -> list[Complaint]:
    return list(parse_build_config(text).complaints)


def test_names_in_both_spellings_enums_by_name_and_number_and_null_are_read() -> None:
    read = parse_build_config(
        """{"npuMode": "NPU2", "target_hardware": 1, "quant": {"inputConfigs": [
        {"tensor_name": "x", "calibration_format": "Numpy", "calibration_size": "7", "calibration_mean": null}],
        "layer_configs": [{"op_type": "Conv", "data_type": 3}]}}"""
    )
    assert read.complaints == ()
    config = read.config
    assert (config.npu_mode, config.target_hardware) == (NPUMode.NPU2, HardwareType.AX620E)
    (one,) = config.quant.input_configs
    assert (one.calibration_format, one.calibration_size, one.calibration_mean) == (DataFormat.Numpy, 7, ())
    assert config.quant.layer_configs[0].data_type is DataType.U16


@pytest.mark.parametrize(
    ("text", "kind", "line", "words"),
    [
        ('{"npu_mod": "NPU1"}', "unknown-field", 1, "did you mean npu_mode"),
        ('{\n"calibration_method": "MSE"}', "unknown-field", 2, "belongs to quant"),
        ('{"quant": {"calibration_size": 3}}', "unknown-field", 1, "belongs to quant.input_configs"),
        ('{"frobnicate": 1}', "unknown-field", 1, "take it out"),
        ('{"quant": {"calibration_method": "minmax"}}', "unknown-value", 1, "write MinMax"),
        ('{"target_hardware": "AX630C"}', "unknown-value", 1, "write AX620E"),
        ('{"target_hardware": "AX650N"}', "unknown-value", 1, "write AX650"),
        ('{"input_processors": [{"src_dtype": "F32"}]}', "unknown-value", 1, "write FP32"),
        ('{"input_processors": [{"src_format": "nv12"}]}', "unknown-value", 1, "write YUV420SP"),
        ('{"target_hardware": "AX620"}', "unknown-value", 1, "write one of AX650"),
        ('{"npu_mode": 7}', "unknown-value", 1, "write one of NPU1"),
        ('{"npu_mode": true}', "unknown-value", 1, "write one of NPU1"),
        ('{"quant": []}', "wrong-type", 1, "an object"),
        ('{"quant": {"device": 3}}', "wrong-type", 1, "a string"),
        ('{"quant": {"precision_analysis": "yes"}}', "wrong-type", 1, "true or false"),
        ('{"compiler": {"check": 1.5}}', "wrong-type", 1, "a whole number"),
        ('{"compiler": {"check": {"a": 1}}}', "wrong-type", 1, "one value"),
        ('{"compiler": {"check": [1]}}', "wrong-type", 1, "one value"),
        ('{"quant": {"layer_configs": [{"start_tensor_names": "a"}]}}', "string-for-list", 1, '["a"]'),
        ('{"npu_mode": "NPU1",\n"npu_mode": "NPU2"}', "given-twice", 2, "keep one"),
    ],
)
def test_a_breach_is_named_with_its_line_and_what_to_write(text: str, kind: str, line: int, words: str) -> None:
    (one,) = complaints(text)
    assert (one.kind, one.line) == (kind, line)
    assert words in one.write


def test_one_breach_hides_nothing_else() -> None:
    read = parse_build_config('{"zzz": 1, "quant": {"device": 3, "enable_lsq": true}, "npu_mode": "NPU3", "yyy": 2}')
    assert [one.path for one in read.complaints] == ["zzz", "quant.device", "yyy"]
    assert read.config.npu_mode is NPUMode.NPU3
    assert read.config.quant.enable_lsq


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(ConfigTextError, match="no object"):
        parse_build_config("[1]")


def test_a_field_is_found_in_every_message_that_has_it() -> None:
    assert where_known("input_sample_dir") == ["quant", "compiler"]
    assert where_known("tensor_name") == ["quant.input_configs", "input_processors", "output_processors"]


NAMES = st.sampled_from(["quant", "npu_mode", "input_configs", "compiler", "check", "csc_mat", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_json_is_read_to_its_end(value: dict[str, object]) -> None:
    parse_build_config(json.dumps(value))
