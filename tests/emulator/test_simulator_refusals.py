"""What the simulator refuses, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest
from axpair_emulator.errors import ConfigError, EmulatorError, InputError, JointError, ModelError
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.joint import pack_joint, read_joint
from axpair_proto.simulator import Models, Simulator
from axpair_proto.topology import topology_pb2
from onnx_models import INPUT, NORMALISED, built, config_text, net, node, picture, png


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return built(tmp_path_factory.mktemp("simulator"), config_text())


@pytest.fixture(scope="module")
def simulator() -> EmulatorSimulator:
    return EmulatorSimulator()


@pytest.fixture(scope="module")
def inputs(simulator: Simulator, models: Models) -> dict[str, bytes]:
    image = models.joint.parent / "x.png"
    image.write_bytes(png(picture(seed=9)))
    return simulator.prepare(models, {INPUT: image}).data


def test_configuration_of_another_joint_is_refused(
    simulator: Simulator, models: Models, inputs: dict[str, bytes], tmp_path: Path
) -> None:
    other = tmp_path / "oc.prototxt"
    other.write_text(config_text(NORMALISED, rest="dst_input_tensors { tensor_layout: NCHW }"))
    with pytest.raises(ConfigError, match="'data' is uint8 NCHW BGR; the joint takes uint8 NHWC BGR"):
        simulator.run(Models(models.joint, models.onnx, None, other), "onnx", inputs)


def test_onnx_of_another_model_is_refused(
    simulator: Simulator, models: Models, inputs: dict[str, bytes], tmp_path: Path
) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(net([node("Relu", [INPUT], ["z"])], ["z"]).SerializeToString())
    with pytest.raises(ModelError, match="has the outputs 'z'; the joint has 'maps/x', 'p'"):
        simulator.run(Models(models.joint, other), "onnx", inputs)


def test_lava_joint_of_another_model_is_refused(
    simulator: Simulator, models: Models, inputs: dict[str, bytes], tmp_path: Path
) -> None:
    other = built(tmp_path, config_text(), net([node("Relu", [INPUT], ["z"])], ["z"]))
    with pytest.raises(JointError, match="different models"):
        simulator.run(Models(models.joint, None, other.lava_joint), "lava_joint", inputs)
    with pytest.raises(JointError, match=r"is a \.joint, not a \.lava_joint"):
        simulator.run(Models(models.joint, None, models.joint), "lava_joint", inputs)


def test_legs_without_their_file_are_refused(simulator: Simulator, models: Models, inputs: dict[str, bytes]) -> None:
    with pytest.raises(EmulatorError, match="no ONNX model"):
        simulator.run(Models(models.joint), "onnx", inputs)
    with pytest.raises(JointError, match=r"no \.lava_joint"):
        simulator.run(Models(models.joint), "lava_joint", inputs)
    assert simulator.own_errors(Models(models.joint), inputs) is None


def test_inputs_must_be_those_of_the_joint(simulator: Simulator, models: Models, inputs: dict[str, bytes]) -> None:
    for stage in ("onnx", "lava_joint", "joint"):
        for given in ({}, {**inputs, "more": b""}, {"dat": inputs[INPUT]}):
            with pytest.raises(InputError, match="the joint takes 'data'"):
                simulator.run(models, stage, given)
        with pytest.raises(InputError, match="359 bytes; the joint takes 360"):
            simulator.run(models, stage, {INPUT: inputs[INPUT][:-1]})


def test_real_joint_is_refused_with_what_the_emulator_runs(simulator: Simulator, tmp_path: Path) -> None:
    real = tmp_path / "real.joint"
    real.write_bytes(pack_joint(topology_pb2.Topology(input_names=["a"]), {"part_0.neu": b"\x14\0\0\0"}))
    assert not simulator.accepts(real)
    with pytest.raises(JointError, match="real toolchain; the emulator only runs those from `axpair emulator build`"):
        simulator.describe(real)


def test_damaged_joint_is_refused(simulator: Simulator, models: Models, tmp_path: Path) -> None:
    whole = models.joint.read_bytes()
    damaged = tmp_path / "m.joint"
    for data in (b"", b"garbage", whole[:-5], whole[: len(whole) // 2]):
        damaged.write_bytes(data)
        assert not simulator.accepts(damaged)
        with pytest.raises(JointError):
            simulator.describe(damaged)
    with pytest.raises(EmulatorError, match="can't be read"):
        simulator.describe(tmp_path / "none.joint")
    assert not simulator.accepts(tmp_path / "none.joint")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"offset":0', b'"offset":9999999999', "lies outside"),
        (b'"dtype":"int8"', b'"dtype":"object"', "lies outside"),
        (b'"kind":"conv"', b'"kind":"conf"', "unknown kind 'conf'"),
        (b'"inputs":["c"]', b'"inputs":["q"]', "uses 'q'"),
        (b'"bits":8', b'"bits":9', "9 bits"),
        (b'"config":', b'"confit":', "damaged"),
        (b'"axis":1', b'"axis":1e9', "its axis is 1000000000.0"),
        (b'"pads":[1,', b'"pads":[99999,', "its pads are"),
        (b'"strides":[1,', b'"strides":[0,', "its strides is"),
        (b'"hi":255', b'"hi":256', "outside 0 to 255"),
        (b'"scale":', b'"scale":-', "scale -"),
        (b'"shape":[1,3,', b'"shape":[99999999,3,', "has the shape"),
        (b'"NHWC"', b'"NH\xd7C"', "damaged"),
        (b"{", b"[", "damaged"),
    ],
)
def test_inconsistent_program_is_refused(
    simulator: Simulator, models: Models, tmp_path: Path, old: bytes, new: bytes, message: str
) -> None:
    archive = read_joint(models.joint)
    members = dict(archive.members)
    name = "part_0.program.json"
    assert old in members[name]
    members[name] = members[name].replace(old, new)
    members.pop("topo.bin")
    path = tmp_path / "m.joint"
    path.write_bytes(pack_joint(archive.topology, members))
    with pytest.raises(JointError, match=message):
        simulator.describe(path)


def test_joint_of_another_format_is_refused(simulator: Simulator, models: Models, tmp_path: Path) -> None:
    archive = read_joint(models.joint)
    members = {name: data for name, data in archive.members.items() if name != "topo.bin"}
    members["axpair.json"] = members["axpair.json"].replace(b'"format":1', b'"format":99')
    path = tmp_path / "m.joint"
    path.write_bytes(pack_joint(archive.topology, members))
    with pytest.raises(JointError, match="format 99"):
        simulator.describe(path)


def test_quantised_model_that_can_not_run_is_refused(
    simulator: Simulator, models: Models, inputs: dict[str, bytes], tmp_path: Path
) -> None:
    assert models.lava_joint is not None
    archive = read_joint(models.lava_joint)
    members = {name: data for name, data in archive.members.items() if name != "topo.bin"}
    for stored, message in ((b"\x08", "is damaged"), (net([node("Relu", [INPUT], ["z"])], ["z"]), "can't run")):
        members["part_0.reference.onnx"] = stored if isinstance(stored, bytes) else stored.SerializeToString()
        path = tmp_path / "m.lava_joint"
        path.write_bytes(pack_joint(archive.topology, members))
        with pytest.raises(JointError, match=message):
            simulator.run(Models(models.joint, None, path), "lava_joint", inputs)
