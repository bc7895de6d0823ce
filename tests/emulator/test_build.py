"""The build as a whole: what it writes, that it repeats itself, and how it refuses."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import pytest
from axpair_emulator.build import build
from axpair_emulator.commands import emulator
from axpair_emulator.config.shape_flag import parse_shape
from axpair_emulator.errors import ConfigError, EmulatorError, ModelError
from axpair_emulator.quantize.weights import MAX_BIAS
from axpair_emulator.storage.joint_file import load_program
from axpair_proto.errors import AxpairError
from axpair_proto.joint import read_joint
from axpair_proto.topology import topology_pb2
from click.testing import CliRunner
from google.protobuf.message import Message
from lossy_models import attention
from onnx_models import INPUT, SIXTEEN_BITS, Workspace, config_text, net, node, random_array
from real_files import real_file

MODEL = net(
    [node("Conv", [INPUT, "w"], ["c"]), node("Relu", ["c"], ["r"]), node("Conv", ["r", "w2"], ["y"])],
    ["y"],
    {"w": random_array(4, 3, 1, 1), "w2": random_array(2, 4, 1, 1)},
)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path)
    space.write(MODEL, config_text())
    return space


def test_same_build_gives_the_same_bytes_in_another_folder(space: Workspace, tmp_path: Path) -> None:
    first = space.build()
    other = Workspace(tmp_path / "elsewhere")
    other.folder.mkdir()
    other.write(MODEL, config_text())
    second = other.build()
    assert first.joint.read_bytes() == second.joint.read_bytes()
    assert first.lava_joint.read_bytes() == second.lava_joint.read_bytes()


def test_joint_names_inputs_and_outputs_like_a_real_one(space: Workspace) -> None:
    built = space.build()
    for path in (built.joint, built.lava_joint):
        archive = read_joint(path)
        assert (archive.input_names, archive.output_names) == ((INPUT,), ("y",))
        assert list(archive.members)[:2] == ["topo.bin", "performance.json"]
        part = archive.topology.parts[0]
        assert part.name in archive.members
        mapping = json.loads(archive.members["performance.json"])["table_mapping"]
        assert ["c, r", "r"] in mapping[0]


def test_topology_has_each_field_that_every_real_one_has(space: Workspace) -> None:
    folder = real_file("real-joints")
    real = [_fields(read_joint(path).topology) for path in folder.glob("*.joint")]
    topologies = (folder / "topologies").rglob("topo.bin")
    real += [_fields(topology_pb2.Topology.FromString(path.read_bytes())) for path in topologies]
    common = set.intersection(*real)
    assert len(real) >= 11
    assert {"tool_commit", "model_inputs.color_space", "parts.members.sizes.code_bytes"} <= common
    assert not common - _fields(read_joint(space.build().joint).topology)


def _fields(message: Message) -> set[str]:
    """The fields that are set in a message and in all below it, such as "parts.members.name"."""
    found = set()
    for field, value in message.ListFields():
        found.add(field.name)
        if field.type == field.TYPE_MESSAGE:
            for part in value if isinstance(value, Iterable) else [value]:
                found |= {f"{field.name}.{name}" for name in _fields(part)}
    return found


def test_stored_program_is_the_one_that_was_built(space: Workspace) -> None:
    built = space.build()
    stored = load_program(built.joint)
    assert (stored.ops, stored.tensors, stored.inputs) == (
        built.program.ops,
        built.program.tensors,
        built.program.inputs,
    )
    assert stored.arrays.keys() == built.program.arrays.keys()
    for key, array in built.program.arrays.items():
        assert stored.arrays[key].dtype == array.dtype
        assert np.array_equal(stored.arrays[key], array)


def test_per_tensor_shares_a_weight_scale_and_per_channel_does_not(space: Workspace) -> None:
    weights = random_array(4, 3, 1, 1)
    weights[1] *= 0.01
    model = net([node("Conv", [INPUT, "w"], ["y"])], ["y"], {"w": weights})
    largest = {}
    for strategy in ("PER_TENSOR", "PER_CHANNEL"):
        space.write(model, config_text(dataset=f"calibration_strategy: CALIB_STRATEGY_{strategy}"))
        largest[strategy] = np.abs(space.build().program.arrays["y/weight"].astype(int)).max(axis=(1, 2, 3))
    assert (largest["PER_CHANNEL"] == 127).all()
    assert largest["PER_TENSOR"].max() == 127
    assert largest["PER_TENSOR"][1] <= 3


@pytest.mark.parametrize("bits", [8, 16])
def test_dead_channels_and_huge_biases_stay_within_the_programs_bounds(space: Workspace, bits: int) -> None:
    weights = random_array(4, 3, 3, 3)
    weights[0] = 0
    weights[1] *= 1e-12
    bias = np.array([0, 5, -1e6, 3e7], np.float32)
    space.write(
        net([node("Conv", [INPUT, "w", "b"], ["y"])], ["y"], {"w": weights, "b": bias}),
        config_text(SIXTEEN_BITS if bits == 16 else "", "calibration_strategy: CALIB_STRATEGY_PER_CHANNEL"),
    )
    program = space.build().program
    op = next(op for op in program.ops if op.kind == "conv")
    arrays = {role: program.arrays[key] for role, key in op.arrays.items()}
    assert np.abs(arrays["bias"].astype(np.int64)).max() <= MAX_BIAS
    assert arrays["bias"].dtype == np.int32
    assert ((arrays["multiplier"] >= 0) & (arrays["multiplier"] < 1 << 22)).all()
    assert ((arrays["shift"] >= 1) & (arrays["shift"] <= 52)).all()
    reach = program.tensors[op.inputs[0]].top
    sums = np.abs(arrays["weight"].astype(np.int64)).sum(axis=(1, 2, 3)) * reach + np.abs(
        arrays["bias"].astype(np.int64)
    )
    assert (sums < 1 << (31 if bits == 8 else 40)).all()


@pytest.mark.parametrize("name", ["m.joint", "m.lava_joint", "m.output.prototxt"])
@pytest.mark.parametrize("kind", ["other bytes", "a link"])
def test_what_axpair_did_not_write_is_not_replaced(space: Workspace, name: str, kind: str) -> None:
    space.write(net([node("Relu", [INPUT], ["y"])], ["y"]), config_text())
    space.build()
    space.build()
    (space.folder / "mine").write_text("hours of work")
    (space.folder / name).unlink()
    (space.folder / name).symlink_to("mine") if kind == "a link" else (space.folder / "mine").rename(
        space.folder / name
    )
    with pytest.raises(AxpairError, match="nothing behind a link is replaced" if kind == "a link" else "won't be"):
        space.build()
    assert (space.folder / name).read_text() == "hours of work"


def test_static_shape_of_the_model_is_overridden(space: Workspace) -> None:
    space.write(net([node("Relu", [INPUT], ["y"])], ["y"], shape=(10, 3, 4, 4)), config_text())
    built = space.build(input_shapes={INPUT: (1, 3, 12, 10)})
    assert built.program.inputs[0].shape == (1, 12, 10, 3)


def test_ceil_mode_becomes_padding(space: Workspace) -> None:
    pool = node("MaxPool", [INPUT], ["y"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    space.write(net([pool], ["y"]), config_text())
    op = space.build().program.ops[-1]
    assert (op.kind, op.attrs["pads"]) == ("max_pool", [0, 0, 1, 1])


def test_open_batch_becomes_one(space: Workspace) -> None:
    space.write(net([node("Relu", [INPUT], ["y"])], ["y"], shape=("n", 3, 12, 10)), config_text())
    assert space.build().program.inputs[0].shape == (1, 12, 10, 3)


@pytest.mark.parametrize(
    ("shape", "flags", "message", "hint"),
    [
        ((1, 3, "h", "w"), {}, "1x3xhxw: axes other than the batch are open", "--input-shape data:1x3x224x224"),
        (
            (1, 3, 12, 10),
            {"dota": (1, 3, 12, 10)},
            "names 'dota'; the model's inputs are 'data'",
            "--input-shape data:",
        ),
        ((1, 3, 12, 10), {INPUT: (3, 12, 10)}, "3 axes; the model's have 4", ""),
        ((1, 3, 12, 10), {INPUT: (1, 3, 0, 10)}, "1x3x0x10", ""),
        ((1, 3, 12, 10), {INPUT: (1, 3, 1 << 20, 1 << 20)}, "1048576", "2\\^26"),
        ((1, 3, 12, 10), {INPUT: (1, 4, 12, 10)}, "onnxruntime can't run the model with these input shapes", ""),
    ],
)
def test_unusable_shape_is_refused(
    space: Workspace, shape: tuple[int | str, ...], flags: dict[str, tuple[int, ...]], message: str, hint: str
) -> None:
    model = net([node("Conv", [INPUT, "w"], ["y"])], ["y"], {"w": random_array(4, 3, 1, 1)}, shape=shape)
    space.write(model, config_text())
    with pytest.raises(ModelError, match=message) as caught:
        space.build(input_shapes=flags)
    assert hint.replace("\\", "") in str(caught.value.next_step)


WHOLE = MODEL.SerializeToString()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\x08\x07\x12", "not an ONNX model|holds no operators"),
        (WHOLE[: len(WHOLE) // 2], "not an ONNX model|broken"),
        (b"<html>not found</html>", "not an ONNX model"),
        (b"\x89PNG\r\n and more", r"m\.onnx: is a picture, not an ONNX model"),
        (b"\x1f\x8b\x08\x00", "not an ONNX model"),
        (b"   ", "not an ONNX model|holds no operators"),
    ],
)
def test_file_that_is_no_model_is_refused(space: Workspace, data: bytes, message: str) -> None:
    (space.folder / "m.onnx").write_bytes(data)
    with pytest.raises(ModelError, match=message):
        space.build()
    assert not list(space.folder.glob("*.joint"))


def test_an_archive_for_a_configuration_is_named(space: Workspace) -> None:
    (space.folder / "c.prototxt").write_bytes((space.folder / "c.tar").read_bytes())
    with pytest.raises(AxpairError, match=r"c\.prototxt"):
        space.build()


@pytest.mark.parametrize("model", ["m.joint", "m.lava_joint"])
def test_the_configuration_takes_no_model_s_place(space: Workspace, model: str) -> None:
    joint = space.folder / "m.joint"
    with pytest.raises(ConfigError, match=f"{model} would hold both"):
        build(space.folder / "m.onnx", space.folder / "c.prototxt", joint, output_config=space.folder / model)
    assert not list(space.folder.glob("*joint"))


def test_missing_model_is_refused(space: Workspace) -> None:
    (space.folder / "m.onnx").unlink()
    with pytest.raises(ModelError, match=r"m\.onnx can't be read: No such file"):
        space.build()


def test_weights_of_another_size_than_they_say_are_refused(space: Workspace) -> None:
    broken = onnx.ModelProto()
    broken.CopyFrom(MODEL)
    broken.graph.initializer[0].raw_data += b"more"
    space.write(broken, config_text())
    with pytest.raises(ModelError, match=r"'w'|broken ONNX model"):
        space.build()


def test_name_that_is_no_text_is_refused(space: Workspace) -> None:
    (space.folder / "m.onnx").write_bytes(MODEL.SerializeToString().replace(b"\x01c", b"\x01\xff"))
    with pytest.raises(ModelError, match="is not UTF-8"):
        space.build()


def test_broken_graph_is_refused(space: Workspace) -> None:
    broken = onnx.ModelProto()
    broken.CopyFrom(MODEL)
    broken.graph.node[0].input[0] = "nowhere"
    space.write(broken, config_text())
    with pytest.raises(ModelError, match="broken ONNX model"):
        space.build()


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (node("Conv", ["x1", "x2"], ["y"], name="conv"), "weight 'x2' is computed at run time"),
        (node("Resize", ["x1", "", "k"], ["y"], name="up", mode="cubic"), "its mode is 'cubic'"),
        (node("Pow", ["x1", "x2"], ["y"], name="pow"), "combines several tensors"),
    ],
)
def test_known_operator_with_other_settings_is_refused_by_name_where_the_cpu_part_is_disabled(
    space: Workspace, made: onnx.NodeProto, reason: str
) -> None:
    heads = [node("Sigmoid", [INPUT], ["x1"]), node("Softmax", [INPUT], ["x2"])]
    model = net([*heads, made], ["y"], {"k": np.array([1, 1, 2, 2], np.float32)}, shape=(1, 3, 3, 3))
    space.write(model, config_text(rest="cpu_backend_settings { onnx_setting { mode: DISABLED } }"))
    with pytest.raises(ModelError, match=reason) as caught:
        space.build()
    assert all(word in caught.value.message for word in (made.op_type, made.name, "ai.onnx", "opset"))


def test_output_folder_that_can_not_be_written_is_refused_before_calibration(space: Workspace) -> None:
    (space.folder / "m.joint").mkdir()
    with pytest.raises(EmulatorError, match="is a folder"):
        space.build()
    (space.folder / "file").write_text("x")
    for name in ("file/m", "file/new/m"):
        with pytest.raises(EmulatorError, match="can't be written"):
            space.build(name)


def test_a_build_that_fails_leaves_no_folder(space: Workspace) -> None:
    (space.folder / "c.tar").write_bytes(b"")
    with pytest.raises(EmulatorError):
        space.build("new/deep/m")
    assert not (space.folder / "new").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("data:1x3x4", ("data", (1, 3, 4))), ("a:0:7", ("a:0", (7,))), ("a:1,3,480,640", ("a", (1, 3, 480, 640)))],
)
def test_input_shape_flag_is_read(text: str, expected: tuple[str, tuple[int, ...]]) -> None:
    assert parse_shape(text) == expected


@pytest.mark.parametrize("text", ["", "data", "data:", ":1x3", "data:1x", "data:axb", "data:1x-3"])
def test_malformed_input_shape_flag_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        parse_shape(text)


def test_command_builds_and_prints_scores(space: Workspace) -> None:
    folder = space.folder
    arguments = ["build", "--input", str(folder / "m.onnx"), "--config", str(folder / "c.prototxt")]
    arguments += ["--output", "m.joint", "--output_config", "oc.prototxt", "--output_dir", str(folder / "out")]
    result = CliRunner().invoke(emulator, [*arguments, "--json"], catch_exceptions=False)
    document = json.loads(result.stdout)
    assert document["calibration_samples"] == 4
    assert document["scores"][0]["output"] == "y"
    assert document["scores"][0]["cosine"] > 0.99
    assert document["next_steps"] == []
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["m.joint", "m.lava_joint", "oc.prototxt"]
    shown = CliRunner().invoke(emulator, arguments, catch_exceptions=False)
    assert "cosine-sim: " in shown.stdout
    assert "build: calibrate" in shown.stderr


def test_a_build_that_loses_accuracy_says_so_and_what_to_type(tmp_path: Path) -> None:
    attention(tmp_path, -30000.0)
    arguments = ["build", "--input", str(tmp_path / "m.onnx"), "--config", str(tmp_path / "c.prototxt")]
    arguments += ["--output", str(tmp_path / "n.joint"), "--output_config", str(tmp_path / "oc.prototxt")]
    shown = CliRunner().invoke(emulator, arguments, catch_exceptions=False)
    assert shown.exit_code == 0
    assert "1 of 1 outputs is below 0.98, the worst at 0." in shown.stdout
    steps = json.loads(CliRunner().invoke(emulator, [*arguments, "--json"], catch_exceptions=False).stdout)[
        "next_steps"
    ]
    layers, tune = (shlex.split(one["command"]) for one in steps)
    assert layers[:2] == ["axpair", "layers"]
    assert str(tmp_path / "n.lava_joint") in layers
    assert tune[:6] == ["axpair", "tune", "--onnx", arguments[2], "--config", arguments[4]]
    assert all(set(one["placeholders"]) == {"INPUT"} for one in steps)


def test_command_takes_paths_from_the_configuration(space: Workspace) -> None:
    text = (space.folder / "c.prototxt").read_text()
    (space.folder / "c.prototxt").write_text(f'input_path: "m.onnx" output_path: "x/m.joint"\n{text}')
    CliRunner().invoke(emulator, ["build", "--config", str(space.folder / "c.prototxt")], catch_exceptions=False)
    assert (space.folder / "x" / "m.joint").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "neither --input nor input_path"),
        (["--input", "m.onnx"], "neither --output nor output_path"),
        (["--input", "m.onnx", "--output", "m.onnx"], "would collide"),
        (["--input", "m.onnx", "--output", "m.lava_joint"], "would collide"),
        (["--input", "m.onnx", "--output", "m.joint", "--output_config", "c.prototxt"], "would overwrite"),
    ],
)
def test_command_refuses_paths_that_collide(space: Workspace, arguments: list[str], message: str) -> None:
    inside = [str(space.folder / word) if "." in word else word for word in arguments]
    with pytest.raises(ConfigError, match=message):
        CliRunner().invoke(
            emulator, ["build", "--config", str(space.folder / "c.prototxt"), *inside], catch_exceptions=False
        )


def test_faults_are_listed_with_the_code_to_be_found() -> None:
    document = json.loads(CliRunner().invoke(emulator, ["faults", "--json"], catch_exceptions=False).stdout)
    assert {"stale-output"} <= {fault["name"] for fault in document["faults"]}
    listed = CliRunner().invoke(emulator, ["faults"], catch_exceptions=False).stdout
    assert "AX302" in listed


def test_every_refusal_is_on_the_users_side(space: Workspace) -> None:
    (space.folder / "c.prototxt").write_text("target_hardwar: 1")
    with pytest.raises(AxpairError) as caught:
        space.build()
    assert caught.value.side == "input"
    assert "'target_hardware'" in str(caught.value.next_step)


@pytest.mark.parametrize("output", ["", ".", "/"])
def test_an_output_that_is_no_file_name_is_refused(space: Workspace, output: str) -> None:
    with pytest.raises(ConfigError, match="names no file"):
        build(space.folder / "m.onnx", space.folder / "c.prototxt", Path(output))
