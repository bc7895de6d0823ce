"""What a joint gives: every type, Q from the configuration or from calibration, layouts, and widths mixed by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from axpair_emulator.build import BuildResult
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.tools.run_joint.lines import model_lines
from axpair_proto.simulator import Models
from onnx_models import INPUT, NORMALISED, Workspace, config_text, net, node, picture, png, random_array

SIMULATOR = EmulatorSimulator()
MODEL = net(
    [
        node("Conv", [INPUT, "w"], ["c"]),
        node("Relu", ["c"], ["positive"]),
        node("Conv", ["positive", "v"], ["signed"]),
    ],
    ["positive", "signed"],
    {"w": random_array(4, 3, 3, 3), "v": random_array(2, 4, 1, 1, seed=3)},
)


def built(folder: Path, rest: str = "", operators: str = "") -> tuple[BuildResult, Models]:
    space = Workspace(folder)
    space.write(MODEL, config_text(NORMALISED + operators, rest=rest))
    result = space.build()
    return result, Models(result.joint, folder / "m.onnx", result.lava_joint, result.output_config)


def answers(models: Models) -> dict[str, dict[str, np.ndarray]]:
    """Stage to outputs, for one of the calibration's own pictures."""
    image = models.joint.with_name("x.png")
    image.write_bytes(png(picture(seed=2)))
    data = SIMULATOR.prepare(models, {INPUT: image}).data
    return {stage: dict(SIMULATOR.run(models, stage, data)) for stage in ("onnx", "lava_joint", "joint")}


@pytest.fixture(scope="module")
def floats(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The model's outputs as float32."""
    return answers(built(tmp_path_factory.mktemp("floats"))[1])["onnx"]


@pytest.mark.parametrize("layout", ["NATIVE", "NHWC"])
@pytest.mark.parametrize(
    ("dtype", "q"), [("INT16", 500), ("UINT16", 900), ("INT8", 9), ("UINT8", 20), ("INT16", 0), ("INT8", 0)]
)
def test_whole_numbers_are_the_value_times_q_in_every_form(
    tmp_path: Path, floats: dict[str, np.ndarray], dtype: str, q: int, layout: str
) -> None:
    given = f"quantization_value: {q}" if q else ""
    result, models = built(tmp_path, f"dst_output_tensors {{ data_type: {dtype} {given} tensor_layout: {layout} }}")
    found = answers(models)
    limits = np.iinfo(dtype.lower())
    for described in SIMULATOR.describe(result.joint).outputs:
        name, used = described.name, described.q
        plain = floats[name].transpose(0, 2, 3, 1) if layout == "NHWC" else floats[name]
        assert (described.dtype, described.shape) == (dtype.lower(), plain.shape)
        assert used == q or (q == 0 and used > 1)
        wanted = np.clip(np.floor(plain.astype(np.float64) * used + 0.5), limits.min, limits.max)
        np.testing.assert_array_equal(found["onnx"][name], wanted)
        allowed = 6 * max(described.step, float(np.ptp(plain)) / 255) * used + 1
        assert np.abs(found["joint"][name].astype(np.int64) - wanted).max() <= allowed
        assert found["joint"][name].dtype == np.dtype(dtype.lower())


@pytest.mark.parametrize("dtype", ["INT16", "UINT16", "INT8", "UINT8"])
def test_a_q_from_calibration_uses_the_types_range_and_does_not_leave_it(
    tmp_path: Path, floats: dict[str, np.ndarray], dtype: str
) -> None:
    result, models = built(tmp_path, f'dst_output_tensors {{ tensor_name: "positive" data_type: {dtype} }}')
    top = np.iinfo(dtype.lower()).max
    described = SIMULATOR.describe(result.joint).outputs[0]
    joint = answers(models)["joint"]["positive"]
    assert top * 0.4 < joint.max() < top
    assert float(floats["positive"].max()) * described.q <= top
    assert SIMULATOR.describe(result.joint).outputs[1].dtype == "float32"


@pytest.mark.parametrize(
    "mover",
    [
        node("MaxPool", ["c"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["c"], ["y"]),
        node("Transpose", ["c"], ["y"], perm=[0, 2, 3, 1]),
        node("Split", ["c"], ["y", "z"], axis=1),
        node("DepthToSpace", ["c"], ["y"], blocksize=2),
        node("Slice", ["c", "one", "two"], ["y"]),
        node("Squeeze", ["c"], ["y"]),
        node("Pad", ["c", "pads"], ["y"]),
    ],
    ids=lambda mover: str(mover.op_type),
)
@pytest.mark.parametrize("dtype", ["INT16", "UINT8", "INT8"])
def test_a_q_from_calibration_of_an_output_whose_codes_only_move_is_that_of_their_source(
    tmp_path: Path, mover: onnx.NodeProto, dtype: str
) -> None:
    constants = {
        "w": random_array(4, 3, 3, 3, scale=2.0),
        "one": np.array([0, 1]),
        "two": np.array([1, 3]),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    }
    space = Workspace(tmp_path)
    model = net([node("Conv", [INPUT, "w"], ["c"]), mover], ["y"], constants)
    space.write(model, config_text(rest=f"dst_output_tensors {{ data_type: {dtype} }}"))
    result = space.build()
    q = result.config.outputs[0].q
    limits = np.iinfo(dtype.lower())
    found = answers(Models(result.joint, tmp_path / "m.onnx", result.lava_joint, result.output_config))["onnx"]["y"]
    assert np.count_nonzero(found == limits.max) <= 2
    assert found.max() > 0.3 * limits.max
    assert 1 <= q < limits.max


def test_a_q_from_calibration_of_an_output_that_depends_on_no_input_keeps_its_values(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    model = net(
        [node("Conv", [INPUT, "w"], ["c"]), node("Identity", ["k"], ["y"])],
        ["c", "y"],
        {"w": random_array(4, 3, 3, 3), "k": np.array([[-100.0, 50.0]], np.float32)},
    )
    space.write(model, config_text(rest='dst_output_tensors { tensor_name: "y" data_type: INT16 }'))
    assert space.build().config.outputs[1].q == 327


def test_a_q_that_is_too_large_saturates_and_negatives_become_zero_without_a_sign(tmp_path: Path) -> None:
    _, models = built(
        tmp_path,
        'dst_output_tensors { tensor_name: "positive" data_type: INT8 quantization_value: 4000 } '
        'dst_output_tensors { tensor_name: "signed" data_type: UINT16 quantization_value: 10 }',
    )
    for outputs in answers(models).values():
        assert set(np.unique(outputs["positive"])) <= {0, *range(1, 128)}
        assert np.count_nonzero(outputs["positive"] == 127) > outputs["positive"].size / 4
        assert outputs["signed"].min() == 0


def test_widths_are_mixed_by_the_operators_names(tmp_path: Path) -> None:
    wide = 'operator_conf_items { selector { op_name: "signed" } attributes { input_feature_type: UINT16 } }'
    (tmp_path / "mixed").mkdir()
    result, models = built(tmp_path / "mixed", operators=wide)
    bits = {name: tensor.bits for name, tensor in result.program.tensors.items()}
    assert (bits[INPUT], bits["positive"], bits["signed"]) == (8, 16, 16)
    assert "Quantization Type is mix" in list(model_lines(result.program, "", 0))
    data = SIMULATOR.prepare(models, {INPUT: _picture(tmp_path)}).data
    assert max(error.max_steps for error in SIMULATOR.own_errors(models, data) or ()) <= 1
    (tmp_path / "narrow").mkdir()
    narrow, _ = built(tmp_path / "narrow")
    steps = [SIMULATOR.describe(one.joint).outputs[1].step for one in (result, narrow)]
    assert steps[0] < steps[1] / 200


def test_a_later_rule_beats_an_earlier_one(tmp_path: Path) -> None:
    rules = (
        'operator_conf_items { selector { op_name_regex: ".*" } attributes { input_feature_type: UINT16 } }'
        'operator_conf_items { selector { op_name_regex: "sig.*" } attributes { input_feature_type: UINT8 } }'
    )
    result, _ = built(tmp_path, operators=rules)
    bits = {name: tensor.bits for name, tensor in result.program.tensors.items()}
    assert (bits[INPUT], bits["signed"]) == (16, 8)


def test_a_width_that_another_operator_overrules_is_said(tmp_path: Path) -> None:
    rules = (
        "operator_conf_items { selector {} attributes { input_feature_type: UINT16 } }"
        'operator_conf_items { selector { op_name: "signed" } attributes { input_feature_type: UINT8 } }'
    )
    # "positive" is an output too, of an operator at 16 bit.
    warnings = built(tmp_path, operators=rules)[0].warnings
    assert any("'signed' is to have 8-bit features, but its input 'positive' has 16 bits" in text for text in warnings)


def _picture(folder: Path) -> Path:
    path = folder / "x.png"
    path.write_bytes(png(picture(seed=2)))
    return path
