"""Joints that take other colours or types than bytes of BGR: float, quantised and integer forms agree on pictures."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx
import pytest
from axpair_emulator.build import BuildResult
from axpair_emulator.color.encode import semi_planar
from axpair_emulator.color.standards import swing_of
from axpair_emulator.commands import emulator
from axpair_emulator.errors import ConfigError
from axpair_emulator.float_leg import open_float_leg
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.storage.joint_file import load_program
from axpair_proto.simulator import Models, PreparedInputs
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper
from onnx_models import (
    INPUT,
    NORMALISED,
    SIXTEEN_BITS,
    Workspace,
    config_text,
    net,
    node,
    pack,
    picture,
    png,
    random_array,
)
from PIL import Image

ONE = NORMALISED.replace("[100, 120, 140]", "120").replace("[60, 70, 80]", "70")
SIMULATOR = EmulatorSimulator()


def built(
    folder: Path, src: str = "AUTO", joint: str = "", channels: int = 3, operators: str = NORMALISED
) -> tuple[BuildResult, Models]:
    """A convolution with Relu, 12 rows of 10."""
    space = Workspace(folder)
    nodes = [node("Conv", [INPUT, "w"], ["c"]), node("Relu", ["c"], ["y"])]
    model = net(nodes, ["y"], {"w": random_array(4, channels, 3, 3)}, shape=(1, channels, 12, 10))
    rest = f"src_input_tensors {{ color_space: TENSOR_COLOR_SPACE_{src} }} dst_input_tensors {{ {joint} }}"
    space.write(model, config_text(operators, rest=rest))
    result = space.build()
    return result, Models(result.joint, folder / "m.onnx", result.lava_joint, result.output_config)


def prepared(models: Models, seed: int = 9) -> PreparedInputs:
    image = models.joint.with_name("x.png")
    image.write_bytes(png(picture(seed=seed)))
    return SIMULATOR.prepare(models, {INPUT: image})


def color(word: str, more: str = "") -> str:
    return f"color_space: TENSOR_COLOR_SPACE_{word} {more}"


FULL = "color_standard: CSS_ITU_BT601_FULL_SWING"
CASES = [
    ("AUTO", color("NV12"), 3, NORMALISED),
    ("RGB", color("NV12", FULL), 3, NORMALISED),
    ("RGB", color("NV21"), 3, NORMALISED),
    ("AUTO", color("NV21", FULL), 1, ONE),
    ("RGB", color("BGR0"), 3, NORMALISED),
    ("AUTO", color("BGR0", "tensor_layout: NCHW"), 1, ONE),
    ("AUTO", color("RGB"), 1, ONE),
    ("AUTO", color("GRAY"), 3, NORMALISED),
    ("AUTO", "data_type: INT16", 3, NORMALISED),
    ("RGB", "data_type: INT16 quantization_value: 64 tensor_layout: NCHW", 3, NORMALISED),
    ("AUTO", "data_type: UINT16 quantization_value: 257", 3, NORMALISED + SIXTEEN_BITS),
    ("AUTO", color("NV12"), 3, NORMALISED + SIXTEEN_BITS),
]


@pytest.mark.parametrize(("src", "joint", "channels", "operators"), CASES)
def test_float_and_joint_agree_on_a_picture_and_every_operator_is_right(
    tmp_path: Path, src: str, joint: str, channels: int, operators: str
) -> None:
    result, models = built(tmp_path, src, joint, channels, operators)
    data = prepared(models).data
    step = SIMULATOR.describe(result.joint).outputs[0].step
    float_, quantised, integer = (SIMULATOR.run(models, stage, data)["y"] for stage in ("onnx", "lava_joint", "joint"))
    # The weights have eight bits too, and bytes of converted colours are rounded before they are normalised.
    limit = 6 * max(step, float(float_.max()) / 255)
    assert np.abs(float_ - integer).max() < limit < np.ptp(float_) / 4
    assert np.abs(quantised - integer).max() <= 2.5 * step
    for error in SIMULATOR.own_errors(models, data) or ():
        assert error.max_steps <= 1
        assert error.max_steps == 0 or error.kind not in ("yuv_planes", "color_matrix", "slice", "transpose")


def test_a_yuv_picture_is_answered_like_the_picture_that_it_is(tmp_path: Path) -> None:
    """The NV12 joint on NV12 bytes, against the RGB joint on the RGB that those bytes mean."""
    ramp = np.linspace(0, 255, 120).reshape(12, 10).astype(np.uint8)
    rgb = np.repeat(np.repeat(np.stack([ramp, ramp.T.reshape(12, 10), 255 - ramp], -1)[::2, ::2], 2, 0), 2, 1)
    folders = [tmp_path / word for word in ("yuv", "rgb")]
    for folder in folders:
        folder.mkdir()
        pack(folder / "c.tar", {"ramp.png": png(Image.fromarray(rgb))})
    (_, models), (_, plain) = (
        built(folder, "RGB", joint) for folder, joint in zip(folders, (color("NV12", FULL), color("RGB")), strict=True)
    )
    nv12 = {INPUT: semi_planar(rgb, swing_of("full"), v_first=False).tobytes()}
    same = SIMULATOR.run(plain, "joint", {INPUT: rgb.tobytes()})["y"]
    assert np.abs(SIMULATOR.run(models, "joint", nv12)["y"] - same).max() < 0.15
    swapped = semi_planar(rgb, swing_of("full"), v_first=True).tobytes()
    assert np.abs(SIMULATOR.run(models, "joint", {INPUT: swapped})["y"] - same).max() > 1.0


def test_nv21_is_nv12_with_the_pairs_turned_round(tmp_path: Path) -> None:
    answers = []
    for word in ("NV12", "NV21"):
        (tmp_path / word).mkdir()
        _, models = built(tmp_path / word, joint=color(word, FULL))
        data = prepared(models).data[INPUT]
        answers.append((data, SIMULATOR.run(models, "joint", {INPUT: data})["y"]))
    (nv12, one), (nv21, other) = answers
    assert nv12[:120] == nv21[:120]
    assert nv12[120::2] == nv21[121::2]
    assert nv12 != nv21
    np.testing.assert_array_equal(one, other)


def test_the_standard_decides_what_bytes_mean(tmp_path: Path) -> None:
    tops = []
    for word in ("STUDIO", "FULL"):
        (tmp_path / word).mkdir()
        pack(tmp_path / word / "c.tar", {"white.png": png(Image.new("RGB", (10, 12), "white"))})
        more = f"color_standard: CSS_ITU_BT601_{word}_SWING"
        _, models = built(tmp_path / word, joint=color("NV12", more), operators="")
        white = bytes([235] * 120 + [128] * 60)
        tops.append([SIMULATOR.run(models, stage, {INPUT: white})["y"].max() for stage in ("onnx", "joint")])
    (studio_float, studio), (full_float, full) = tops
    assert studio == pytest.approx(studio_float, rel=0.02)
    assert full == pytest.approx(full_float, rel=0.02)
    assert full_float == pytest.approx(studio_float * 235 / 255, rel=1e-4)


def test_the_written_configuration_says_all_of_it_again(tmp_path: Path) -> None:
    for index, joint in enumerate([color("NV21", FULL), "data_type: INT16 quantization_value: 64"]):
        folder = tmp_path / str(index)
        folder.mkdir()
        result, models = built(folder, "RGB", joint)
        assert result.output_config is not None
        data = prepared(models).data
        stored, given = (
            open_float_leg(folder / "m.onnx", config, result.joint).run(data)["y"]
            for config in (None, result.output_config)
        )
        np.testing.assert_array_equal(stored, given)
        (folder / "c.prototxt").write_text(result.output_config.read_text())
        again = Workspace(folder).build("again")
        assert again.joint.read_bytes() == result.joint.read_bytes()


def test_whole_numbers_are_pixels_times_q(tmp_path: Path) -> None:
    _, models = built(tmp_path, joint="data_type: INT16 quantization_value: 64 tensor_layout: NCHW")
    numbers = np.frombuffer(prepared(models).data[INPUT], "<i2").reshape(1, 3, 12, 10)
    rgb = np.asarray(picture(seed=9)).astype(int)
    np.testing.assert_array_equal(numbers[0], rgb[:, :, ::-1].transpose(2, 0, 1) * 64)
    described = SIMULATOR.describe(models.joint).inputs[0]
    assert (described.dtype, described.q, described.size_bytes) == ("int16", 64, 720)


def test_features_of_small_signed_numbers_are_divided_by_q(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    model = net([node("MatMul", [INPUT, "w"], ["y"])], ["y"], {"w": random_array(30, 5)}, shape=(1, 30))
    space.write(model, config_text("", rest="dst_input_tensors { data_type: INT8 quantization_value: 32 }"))
    random = np.random.default_rng(4)
    samples = [random.integers(-128, 128, 30).astype(np.int8).tobytes() for _ in range(6)]
    pack(tmp_path / "c.tar", {f"{index}.bin": sample for index, sample in enumerate(samples)})
    result = space.build()
    models = Models(result.joint, tmp_path / "m.onnx", result.lava_joint, result.output_config)
    float_, integer = (SIMULATOR.run(models, stage, {INPUT: samples[0]})["y"] for stage in ("onnx", "joint"))
    wanted = np.frombuffer(samples[0], np.int8).astype(np.float32)[None] / 32 @ random_array(30, 5)
    np.testing.assert_allclose(float_, wanted, rtol=1e-5)
    assert np.abs(float_ - integer).max() < 4 * SIMULATOR.describe(result.joint).outputs[0].step


def test_inputs_of_differing_types_go_together(tmp_path: Path) -> None:
    shapes = {"camera": (1, 3, 12, 10), "depth": (1, 1, 12, 10), "gains": (1, 4, 1, 1)}
    graph = helper.make_graph(
        [
            node("Conv", ["camera", "w"], ["a"]),
            node("Conv", ["depth", "v"], ["b"]),
            node("Add", ["a", "b"], ["s"]),
            node("Mul", ["s", "gains"], ["y"]),
        ],
        "three",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(random_array(4, channels, 1, 1, seed=channels, scale=scale), name)
            for name, channels, scale in (("w", 3, 0.02), ("v", 1, 0.1))
        ],
    )
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    space = Workspace(tmp_path)
    items = "".join(f'dataset_conf_items {{ selector {{ op_name: "{name}" }} path: "{name}.tar" }}' for name in shapes)
    space.write(
        model,
        f"""target_hardware: TARGET_HARDWARE_AX620
dst_input_tensors {{ tensor_name: "camera" {color("NV12", FULL)} }}
dst_input_tensors {{ tensor_name: "depth" data_type: INT16 quantization_value: 100 }}
dst_input_tensors {{ tensor_name: "gains" data_type: FLOAT32 }}
neuwizard_conf {{ dataset_conf_calibration {{ type: DATASET_TYPE_TAR {items} }} }}""",
    )
    random = np.random.default_rng(0)
    contents: dict[str, list[tuple[str, bytes]]] = {
        "camera": [(f"{k}.png", png(picture(seed=k))) for k in range(4)],
        "depth": [(f"{k}.bin", random.integers(-3000, 3000, 120).astype("<i2").tobytes()) for k in range(4)],
        "gains": [(f"{k}.bin", random.uniform(-2, 2, 4).astype("<f4").tobytes()) for k in range(4)],
    }
    for name, members in contents.items():
        pack(tmp_path / f"{name}.tar", dict(members))
    result = space.build()
    described = SIMULATOR.describe(result.joint).inputs
    assert [(one.name, one.dtype, one.color_space, one.q, one.size_bytes) for one in described] == [
        ("camera", "uint8", "NV12", 0, 180),
        ("depth", "int16", "GRAY", 100, 240),
        ("gains", "float32", "", 0, 16),
    ]
    models = Models(result.joint, tmp_path / "m.onnx", result.lava_joint, result.output_config)
    files = {}
    for name, members in contents.items():
        files[name] = tmp_path / f"{name}.{members[0][0]}"
        files[name].write_bytes(members[0][1])
    data = SIMULATOR.prepare(models, files).data
    float_, integer = (SIMULATOR.run(models, stage, data)["y"] for stage in ("onnx", "joint"))
    assert np.abs(float_ - integer).max() < 5 * SIMULATOR.describe(result.joint).outputs[0].step
    for name in data:
        other = {**data, name: bytes(len(data[name]))}
        assert np.abs(float_ - SIMULATOR.run(models, "joint", other)["y"]).max() > 0.2 * np.abs(float_).max()


def test_a_build_of_an_odd_size_ends_in_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    model = net([node("Relu", [INPUT], ["y"])], ["y"], shape=(1, 3, 11, 10))
    space.write(model, config_text(rest=f"dst_input_tensors {{ {color('NV12')} }}"))
    command = ["build", "--input", "m.onnx", "--config", "c.prototxt", "--output", "m.joint"]
    arguments = [str(tmp_path / word) if "." in word else word for word in command]
    with pytest.raises(ConfigError, match="NV12 needs an even width and height; input 'data' is 10x11") as caught:
        CliRunner().invoke(emulator, arguments, catch_exceptions=False)
    assert caught.value.side == "input"  # ends the command with 2
    assert not (tmp_path / "m.joint").exists()


def test_stored_operators_of_the_input_side_are_those_that_were_built(tmp_path: Path) -> None:
    result, _ = built(tmp_path, joint=color("NV12"))
    stored = load_program(result.joint)
    assert [op.kind for op in stored.ops][:3] == ["yuv_planes", "color_matrix", "channel_lut"]
    assert stored.inputs == result.program.inputs
    assert stored.inputs[0].color_standard == "legacy"
    assert list(itertools.chain(stored.ops)) == list(result.program.ops)
