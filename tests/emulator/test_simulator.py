"""The emulator as a simulator: three legs in one form, and joints that it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from axpair_emulator.calibrate.dataset import samples
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.simulator import Models, Simulator, Stage
from onnx_models import INPUT, TWO_OUTPUTS, Workspace, built, config_text, net, node, pack, picture, png, random_array

STAGES: tuple[Stage, ...] = ("onnx", "lava_joint", "joint")
RGB = "src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    rest = f'{RGB} dst_output_tensors {{ tensor_name: "maps/x" tensor_layout: NHWC }}'
    return built(tmp_path_factory.mktemp("simulator"), config_text(rest=rest))


@pytest.fixture(scope="module")
def simulator() -> EmulatorSimulator:
    return EmulatorSimulator()


@pytest.fixture(scope="module")
def inputs(simulator: Simulator, models: Models) -> dict[str, bytes]:
    image = models.joint.parent / "x.png"
    image.write_bytes(png(picture(seed=9)))
    return simulator.prepare(models, {INPUT: image}).data


def by_hand(models: Models, rgb: np.ndarray) -> dict[str, np.ndarray]:
    """What a user would write: mean and std are in BGR order, the model takes RGB in NCHW."""
    bgr = (rgb[:, :, ::-1].astype(np.float64) - [100, 120, 140]) / [60, 70, 80]
    planes = bgr[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(str(models.onnx), options)
    return dict(zip(("maps/x", "p"), session.run(["maps/x", "p"], {INPUT: planes}), strict=True))


def test_float_leg_is_the_model_with_the_configuration_applied(
    simulator: Simulator, models: Models, inputs: dict[str, bytes]
) -> None:
    expected = by_hand(models, np.asarray(picture(seed=9)))
    found = simulator.run(models, "onnx", inputs)
    np.testing.assert_allclose(found["maps/x"], expected["maps/x"].transpose(0, 2, 3, 1), atol=1e-5)
    np.testing.assert_allclose(found["p"], expected["p"], atol=1e-6)


def test_all_legs_have_the_described_form_and_agree(
    simulator: Simulator, models: Models, inputs: dict[str, bytes]
) -> None:
    description = simulator.describe(models.joint)
    legs = {
        "onnx": simulator.run(models, "onnx", inputs),
        "lava_joint": simulator.run(models, "lava_joint", inputs),
        "joint": simulator.run(models, "joint", inputs),
    }
    for tensor in description.outputs:
        for leg in legs.values():
            assert (str(leg[tensor.name].dtype), leg[tensor.name].shape) == (tensor.dtype, tensor.shape)
            assert leg[tensor.name].nbytes == tensor.size_bytes
        assert np.abs(legs["onnx"][tensor.name] - legs["joint"][tensor.name]).max() < 6 * tensor.step
        assert np.abs(legs["lava_joint"][tensor.name] - legs["joint"][tensor.name]).max() < 1.5 * tensor.step


def test_description_is_that_of_the_joint(simulator: Simulator, models: Models) -> None:
    description = simulator.describe(models.joint)
    (data,) = description.inputs
    assert (data.name, data.dtype, data.shape, data.layout, data.color_space, data.size_bytes) == (
        INPUT,
        "uint8",
        (1, 12, 10, 3),
        "NHWC",
        "BGR",
        360,
    )
    assert [(out.name, out.layout) for out in description.outputs] == [("maps/x", "NHWC"), ("p", "")]
    assert all(out.step > 0 for out in description.outputs)
    assert description.tools_version.startswith("axpair-emulator ")


def test_integer_outputs_carry_q_in_every_leg(tmp_path: Path, simulator: Simulator) -> None:
    rest = (
        'dst_output_tensors { tensor_name: "maps/x" data_type: INT16 } '
        'dst_output_tensors { tensor_name: "p" data_type: UINT8 quantization_value: 250 }'
    )
    models = built(tmp_path, config_text(rest=rest))
    (tmp_path / "plain").mkdir()
    plain = built(tmp_path / "plain", config_text())
    outputs = {tensor.name: tensor for tensor in simulator.describe(models.joint).outputs}
    assert outputs["p"].q == 250
    prepared = [simulator.prepare(models, {INPUT: path}).data for path in _unpacked(tmp_path / "c.tar")]
    real = [simulator.run(plain, "onnx", inputs) for inputs in prepared]
    # Where none is given, the calibrated range just fits.
    assert outputs["maps/x"].q == int(32767 / max(float(np.abs(one["maps/x"]).max()) for one in real))
    for stage in STAGES:
        found = simulator.run(models, stage, prepared[0])
        for name, tensor in outputs.items():
            assert str(found[name].dtype) == tensor.dtype
            assert np.abs(found[name] / tensor.q - real[0][name]).max() < 6 * tensor.step + 1 / tensor.q, stage


def _unpacked(archive: Path) -> list[Path]:
    paths = []
    for sample in samples(archive):
        paths.append(archive.parent / sample.name)
        paths[-1].write_bytes(sample.data)
    return paths


def test_model_in_nhwc_is_served_too(tmp_path: Path, simulator: Simulator) -> None:
    model = net(
        [
            node("Transpose", [INPUT], ["t"], perm=[0, 3, 1, 2]),
            node("Conv", ["t", "w"], ["c"]),
            node("Transpose", ["c"], ["y"], perm=[0, 2, 3, 1]),
        ],
        ["y"],
        {"w": random_array(4, 3, 1, 1)},
        shape=(1, 12, 10, 3),
    )
    rest = (
        "src_input_tensors { tensor_layout: NHWC color_space: TENSOR_COLOR_SPACE_RGB } "
        "src_output_tensors { tensor_layout: NHWC }"
    )
    models = built(tmp_path, config_text(rest=rest), model)
    image = tmp_path / "x.png"
    image.write_bytes(png(picture(seed=9)))
    inputs = simulator.prepare(models, {INPUT: image}).data
    found = simulator.run(models, "onnx", inputs)["y"]
    assert found.shape == (1, 12, 10, 4)
    for stage in STAGES[1:]:
        assert np.abs(simulator.run(models, stage, inputs)["y"] - found).max() < 0.1
    errors = simulator.own_errors(models, inputs)
    assert errors
    assert max(error.max_steps for error in errors) <= 1


def test_features_go_in_as_float(tmp_path: Path, simulator: Simulator) -> None:
    space = Workspace(tmp_path)
    values = [random_array(1, 3, 12, 10, seed=seed) for seed in range(3)]
    pack(tmp_path / "c.tar", {f"{k}.bin": one.tobytes() for k, one in enumerate(values)})
    space.write(TWO_OUTPUTS, config_text("input_conf_items { attributes { type: FLOAT32 } }"))
    result = space.build()
    models = Models(result.joint, tmp_path / "m.onnx", result.lava_joint, result.output_config)
    (tmp_path / "x.bin").write_bytes(values[0].tobytes())
    inputs = simulator.prepare(models, {INPUT: tmp_path / "x.bin"}).data
    legs = [simulator.run(models, stage, inputs)["maps/x"] for stage in STAGES]
    step = simulator.describe(models.joint).outputs[0].step
    assert np.abs(legs[0] - legs[2]).max() < 6 * step
    assert np.abs(legs[1] - legs[2]).max() < 1.5 * step


def test_without_configuration_the_stored_one_serves(
    simulator: Simulator, models: Models, inputs: dict[str, bytes]
) -> None:
    alone = Models(models.joint, models.onnx)
    for name, array in simulator.run(models, "onnx", inputs).items():
        assert np.array_equal(array, simulator.run(alone, "onnx", inputs)[name])


def test_configuration_decides_the_float_leg(
    simulator: Simulator, models: Models, inputs: dict[str, bytes], tmp_path: Path
) -> None:
    other = tmp_path / "oc.prototxt"
    assert models.config is not None
    other.write_text(models.config.read_text().replace("std: 60.0", "std: 120.0"))
    changed = Models(models.joint, models.onnx, models.lava_joint, other)
    first, second = (simulator.run(one, "onnx", inputs)["maps/x"] for one in (models, changed))
    assert not np.allclose(first, second)


def test_changed_file_at_the_same_path_is_not_answered_from_memory(tmp_path: Path, simulator: Simulator) -> None:
    image = tmp_path / "x.png"
    image.write_bytes(png(picture(seed=9)))
    results = []
    for seed in (1, 2):
        model = net([node("Conv", [INPUT, "w"], ["y"])], ["y"], {"w": random_array(2, 3, 1, 1, seed=seed)})
        models = built(tmp_path, config_text(), model)
        results.append(simulator.run(models, "joint", simulator.prepare(models, {INPUT: image}).data)["y"])
    assert not np.array_equal(results[0], results[1])


def test_files_that_stay_are_read_once(tmp_path: Path) -> None:
    made = built(tmp_path, config_text())
    (tmp_path / "x.png").write_bytes(png(picture(seed=9)))
    simulator = EmulatorSimulator()
    data = simulator.prepare(made, {INPUT: tmp_path / "x.png"}).data
    before = {stage: simulator.run(made, stage, data) for stage in STAGES}
    for path in (made.joint, made.onnx, made.lava_joint, made.config):
        assert path is not None
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        path.write_bytes(bytes(path.stat().st_size))
        os.utime(path, ns=times)
    for stage in STAGES:
        for name, tensor in simulator.run(made, stage, data).items():
            assert np.array_equal(tensor, before[stage][name])


def test_version_says_what_decides_bits(simulator: Simulator) -> None:
    assert "onnxruntime" in simulator.version()
