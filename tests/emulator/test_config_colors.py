"""Colours, types and Q of inputs in the configuration: what is taken, what is said, what is refused."""

from __future__ import annotations

import msgspec
import pytest
from axpair_emulator.config.build_config import InputConf
from axpair_emulator.config.input_checks import input_defect
from axpair_emulator.config.inputs import resolve_inputs
from axpair_emulator.config.signature import Signature
from axpair_emulator.errors import ConfigError
from axpair_proto.pulsar.text import parse_config

COLORS = ("BGR", "RGB", "GRAY", "NV12", "NV21", "BGR0")


def resolved(text: str, shape: tuple[int, ...] = (1, 3, 12, 10)) -> tuple[InputConf, list[str]]:
    warnings: list[str] = []
    (conf,) = resolve_inputs(parse_config(text)[0], Signature({"data": shape}, {}), warnings)
    return conf, warnings


def sides(src: str = "AUTO", dst: str = "AUTO", more: str = "") -> str:
    return (
        f"src_input_tensors {{ color_space: TENSOR_COLOR_SPACE_{src} }} "
        f"dst_input_tensors {{ color_space: TENSOR_COLOR_SPACE_{dst} {more} }}"
    )


@pytest.mark.parametrize(
    ("src", "dst", "joint", "picture", "reverses"),
    [
        ("BGR", "BGR", (1, 12, 10, 3), "BGR", False),
        ("RGB", "AUTO", (1, 12, 10, 3), "BGR", True),
        ("RGB", "BGR0", (1, 12, 10, 4), "BGR", True),
        ("BGR", "BGR0", (1, 12, 10, 4), "BGR", False),
        ("AUTO", "GRAY", (1, 12, 10, 1), "BGR", False),
        ("AUTO", "NV12", (1, 18, 10, 1), "BGR", False),
        ("RGB", "NV21", (1, 18, 10, 1), "RGB", False),
    ],
)
def test_a_model_of_three_channels_takes_every_colour_space(
    src: str, dst: str, joint: tuple[int, ...], picture: str, reverses: bool
) -> None:
    conf, warnings = resolved(sides(src, dst, "color_standard: CSS_ITU_BT601_FULL_SWING" if "NV" in dst else ""))
    assert (conf.joint_shape, conf.picture_color, conf.reverses_channels) == (joint, picture, reverses)
    assert conf.planes_shape == (1, 3, 12, 10)
    assert len(warnings) == (conf.src_color != conf.dst_color)


@pytest.mark.parametrize("dst", COLORS)
def test_a_model_of_one_channel_takes_every_colour_space(dst: str) -> None:
    conf, _ = resolved(sides("AUTO", dst), (1, 1, 12, 10))
    assert (conf.src_color, conf.dst_color, conf.picture_color) == ("GRAY", dst, "GRAY")
    channels = {"BGR": 3, "RGB": 3, "BGR0": 4}.get(dst, 1)
    assert conf.joint_shape == (1, 18 if "NV" in dst else 12, 10, channels)


@pytest.mark.parametrize(
    ("src", "shape"), [("NV12", (1, 1, 18, 10)), ("NV21", (1, 1, 18, 10)), ("BGR0", (1, 4, 12, 10))]
)
def test_a_model_that_takes_a_cameras_colours_itself_gets_them_unchanged(src: str, shape: tuple[int, ...]) -> None:
    conf, warnings = resolved(sides(src), shape)
    assert conf.dst_color == conf.picture_color == src
    assert conf.joint_planes_shape == shape
    assert not any("converts" in warning for warning in warnings)
    with pytest.raises(ConfigError, match=f"is {src} in the ONNX model: the joint can't make that"):
        resolved(sides(src, "BGR"), shape)


def test_a_model_with_channels_last_takes_nv12() -> None:
    text = (
        "src_input_tensors { tensor_layout: NHWC } "
        "dst_input_tensors { color_space: TENSOR_COLOR_SPACE_NV12 tensor_layout: NCHW }"
    )
    conf, _ = resolved(text, (1, 12, 10, 3))
    assert (conf.planes_shape, conf.joint_shape) == ((1, 3, 12, 10), (1, 1, 18, 10))


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        (sides(dst="NV12"), (1, 3, 12, 11), r"NV12 needs an even width and height; input 'data' is 11x12"),
        (sides(dst="NV21"), (1, 3, 13, 10), r"NV21 needs an even width and height; input 'data' is 10x13"),
        (sides("NV12"), (1, 1, 16, 10), "10x10 .* in 16 rows"),
        (sides("NV12"), (1, 3, 18, 10), "NV12 doesn't fit input 'data', which has 3 channels"),
        (sides("BGR0"), (1, 3, 12, 10), "BGR0 doesn't fit input 'data', which has 3 channels"),
        (sides(dst="NV12"), (1, 2, 12, 10), "NV12 doesn't fit input 'data', which has 2 channels"),
        (sides(dst="BGR"), (1, 30), "BGR doesn't fit input 'data', which hasn't four axes"),
        (sides(dst="NV12", more="data_type: INT16"), (1, 3, 12, 10), "can't be NV12 of the type INT16"),
        (sides(dst="BGR0", more="data_type: UINT16"), (1, 3, 12, 10), "can't be BGR0 of the type UINT16"),
        (sides(dst="GRAY", more="data_type: FLOAT32"), (1, 3, 12, 10), "converts GRAY to BGR in bytes: use UINT8"),
        (sides(dst="BGR", more="data_type: INT16"), (1, 1, 12, 10), "converts BGR to GRAY in bytes"),
        (sides(dst="BGR", more="data_type: INT8"), (1, 3, 12, 10), "pixels are 0 to 255"),
        (sides(more="data_type: UINT4"), (1, 3, 12, 10), "has the type UINT4"),
        (sides(more="data_type: INT16 quantization_value: 129"), (1, 3, 12, 10), "255 becomes 32895, beyond int16"),
        (sides(more="data_type: INT16 quantization_value: 99999999"), (1, 30), "Q is at most 2"),
    ],
)
def test_what_cannot_be_is_refused_by_name(text: str, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        resolved(text, shape)
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (sides(dst="NV12"), "CSC_LEGACY, which isn't documented: taken as BT.601 studio swing"),
        (sides(more="color_standard: CSS_ITU_BT601_FULL_SWING"), "color_standard of input 'data' has no effect"),
        (sides(), ""),
        (
            sides(more="quantization_value: 4"),
            "quantization_value of input 'data' has no effect here: its type is UINT",
        ),
        (sides(more="data_type: FLOAT32 quantization_value: 4"), "its type is FLOAT32"),
        ("src_input_tensors { quantization_value: 4 }", "belongs to dst_input_tensors"),
        ("src_input_tensors { data_type: UINT8 }", "data_type UINT8 of src_input_tensors has no effect"),
        ("src_input_tensors { color_standard: CSS_ITU_BT601_FULL_SWING }", "dst_input_tensors has it"),
    ],
)
def test_a_field_without_effect_or_meaning_is_named(text: str, named: str) -> None:
    _, warnings = resolved(text)
    assert any(named in warning for warning in warnings) if named else warnings == []


def test_an_input_of_small_signed_numbers_is_no_picture() -> None:
    conf, _ = resolved("dst_input_tensors { data_type: INT8 quantization_value: 16 }")
    assert (conf.src_color, conf.dst_color, conf.q, conf.joint_shape) == ("", "", 16, (1, 3, 12, 10))
    gain, offset = conf.gain_and_offset()
    assert (gain.tolist(), offset.tolist()) == ([1 / 16] * 3, [0.0] * 3)


def test_modifications_come_after_the_division_by_q() -> None:
    conf, _ = resolved(
        "dst_input_tensors { data_type: INT16 quantization_value: 4 } neuwizard_conf { operator_conf { "
        "input_conf_items { attributes { input_modifications { input_normalization { mean: 10 std: 5 } } } } } }"
    )
    gain, offset = conf.gain_and_offset()
    assert (80 * gain + offset).tolist() == [(80 / 4 - 10) / 5] * 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dst_color": "XYZ"}, "the colours 'BGR' and 'XYZ'"),
        ({"dst_color": ""}, "the colours 'BGR' and ''"),
        ({"src_color": ""}, "the colours '' and 'NV12'"),
        ({"src_color": "GRAY"}, "the colours 'GRAY' and 'NV12'"),
        ({"src_color": "NV21"}, "the colours 'NV21' and 'NV12'"),
        ({"shape": (1, 30), "src_layout": "", "dst_layout": ""}, "has the shape"),
        ({"shape": (1, 3, 12, 11)}, "is NV12 of 18 rows of 11"),
        ({"shape": (1, 3, 11, 10)}, "is NV12 of 16 rows of 10"),
        ({"q": -5}, "a Q of -5"),
    ],
)
def test_colours_that_a_stored_configuration_cannot_have_are_found(changes: dict[str, object], message: str) -> None:
    conf, _ = resolved(sides(dst="NV12"))
    assert input_defect(conf) == ""
    assert message in input_defect(msgspec.structs.replace(conf, **changes))
