"""Hints about mean, std and colours: each mistake that users make is told, and what is right isn't."""

import pytest
from axpair_host.errors import UsageError
from axpair_host.lint import normalisation
from axpair_host.lint.declared import declared_inputs
from axpair_proto.capabilities import FirstNode, ModelInput
from axpair_proto.pulsar.text import parse_config

ONES_RGB = ("[0.485, 0.456, 0.406]", "[0.229, 0.224, 0.225]")
BYTES_RGB = ("[123.675, 116.28, 103.53]", "[58.395, 57.12, 57.375]")
BYTES_BGR = ("[103.53, 116.28, 123.675]", "[57.375, 57.12, 58.395]")
DIVIDED = "input_modifications { affine_preprocess { slope: [1] slope_divisor: [255] bias: [0] } }"
PLAIN = ModelInput("x", (1, 3, 8, 8), "float32", ())


def normalised(mean: str, std: str) -> str:
    return f"input_modifications {{ input_normalization {{ mean: {mean} std: {std} }} }}"


def kinds(
    *steps: str, dst: str = "BGR", src: str = "RGB", model: ModelInput = PLAIN, dtype: str = "UINT8"
) -> list[str]:
    text = f"""
    src_input_tensors {{ tensor_name: "x" {f"color_space: TENSOR_COLOR_SPACE_{src}" if src else ""} }}
    dst_input_tensors {{ tensor_name: "x" color_space: TENSOR_COLOR_SPACE_{dst} data_type: {dtype} }}
    neuwizard_conf {{ operator_conf {{ input_conf_items {{ attributes {{ {" ".join(steps)} }} }} }} }}
    """
    (one,) = declared_inputs(parse_config(text)[0], ["x"])
    return [hint.kind for hint in normalisation.hints(one, model)]


def test_values_in_the_order_in_which_they_are_applied_are_right() -> None:
    assert kinds(normalised(*BYTES_BGR)) == []
    assert kinds(normalised(*BYTES_RGB), dst="RGB") == []
    assert kinds(DIVIDED, normalised(*ONES_RGB), dst="RGB") == []
    assert kinds() == []


def test_imagenets_rgb_values_pasted_under_bgr_are_told() -> None:
    assert kinds(normalised(*BYTES_RGB)) == ["order"]
    assert kinds(DIVIDED, normalised(*ONES_RGB)) == ["order"]
    assert kinds(normalised(*BYTES_BGR), dst="RGB") == ["order"]


def test_the_vendors_sample_is_told_by_its_slip() -> None:
    mean, std = "[0.485, 0.456, 0.406]", "[0.229, 0.224, 0.255]"
    assert kinds(DIVIDED, normalised(mean, std)) == ["vendor-sample", "order"]
    assert kinds(DIVIDED, normalised(mean, std), dst="RGB") == ["vendor-sample"]


@pytest.mark.parametrize(("std", "wanted"), [("0.225", ["order"]), ("0.255", ["vendor-sample", "order"])])
def test_steps_in_two_items_under_the_older_spelling_are_read_as_one(std: str, wanted: list[str]) -> None:
    items = [DIVIDED, normalised("[0.485, 0.456, 0.406]", f"[0.229, 0.224, {std}]")]
    listed = " ".join(f"input_conf_items {{ attributes {{ {step} }} }}" for step in items)
    colours = "input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }"
    text = f"{colours} neuwizard_conf {{ operator_conf {{ {listed} }} }}"
    (one,) = declared_inputs(parse_config(text)[0], [])
    assert [hint.kind for hint in normalisation.hints(one, None)] == wanted


def test_values_of_zero_to_one_on_bytes_are_told() -> None:
    assert kinds(normalised(*ONES_RGB), dst="RGB") == ["scale"]


def test_a_division_before_a_mean_of_bytes_is_told() -> None:
    assert "twice" in kinds(DIVIDED, normalised(*BYTES_BGR))
    assert "twice" in kinds(normalised(*BYTES_BGR), normalised(*BYTES_BGR))


def test_one_over_std_is_told_with_what_to_write() -> None:
    assert kinds(normalised("[123.675, 116.28, 103.53]", "[0.01712, 0.01751, 0.01743]"), dst="RGB") == ["inverted"]
    assert kinds(DIVIDED, normalised("[0.485, 0.456, 0.406]", "[4.367, 4.464, 4.444]"), dst="RGB") == ["inverted"]


def test_a_model_that_normalises_itself_is_told_only_beside_a_configuration_that_does() -> None:
    model = ModelInput("x", (1, 3, 8, 8), "float32", (FirstNode("sub", "Sub", ((127.5,),)),))
    assert kinds(normalised(*BYTES_BGR), model=model) == ["model-normalises"]
    assert kinds(model=model) == []


def test_imagenet_without_the_models_colours_is_asked_for_them() -> None:
    assert kinds(normalised(*BYTES_BGR), src="") == ["unsaid-colours"]


def test_a_single_mean_for_three_channels_is_right() -> None:
    assert kinds(normalised("[127.5]", "[127.5]")) == []


def test_a_std_of_zero_is_bad_input() -> None:
    with pytest.raises(UsageError, match=r"std \[0\.0\]"):
        kinds(normalised("[1]", "[0]"))
