"""Models with several inputs: an archive for each, paired by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from axpair_emulator.errors import DatasetError
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.simulator import Models
from onnx import TensorProto, helper, numpy_helper
from onnx_models import Workspace, node, pack, picture, png, random_array


def two_inputs() -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 12, 10]) for name in ("left", "right")]
    graph = helper.make_graph(
        [
            node("Conv", ["left", "w"], ["l"]),
            node("Conv", ["right", "w"], ["r"]),
            node("Sub", ["l", "r"], ["y"]),
        ],
        "two",
        values,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 12, 10])],
        [numpy_helper.from_array(random_array(4, 3, 1, 1), "w")],
    )
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model


CONFIG = """target_hardware: TARGET_HARDWARE_AX620
neuwizard_conf {
  operator_conf {
    input_conf_items {
      selector { op_name: "left" }
      attributes { input_modifications { affine_preprocess { slope_divisor: 255 } } }
    }
    input_conf_items {
      selector { op_name_regex: "ri.*" }
      attributes { input_modifications { input_normalization { mean: 128 std: 64 } } }
    }
  }
  dataset_conf_calibration {
    type: DATASET_TYPE_TAR
    dataset_conf_items { selector { op_name: "left" } path: "left.tar" }
    dataset_conf_items { selector { op_name: "right" } path: "right.tar" }
  }
}
"""


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path)
    space.write(two_inputs(), CONFIG)
    for side, seed in (("left", 0), ("right", 100)):
        pack(tmp_path / f"{side}.tar", {f"{k}.png": png(picture(seed=seed + k)) for k in range(3)})
    return space


def test_each_input_has_its_own_archive_and_normalisation(space: Workspace) -> None:
    built = space.build()
    simulator = EmulatorSimulator()
    models = Models(built.joint, space.folder / "m.onnx", built.lava_joint, built.output_config)
    files = {}
    for side, seed in (("right", 101), ("left", 1)):
        files[side] = space.folder / f"{side}.png"
        files[side].write_bytes(png(picture(seed=seed)))
    inputs = simulator.prepare(models, files).data
    assert list(inputs) == ["left", "right"]
    float_, joint = (simulator.run(models, stage, inputs)["y"] for stage in ("onnx", "joint"))
    step = simulator.describe(built.joint).outputs[0].step
    assert np.abs(float_ - joint).max() < 6 * step
    swapped = simulator.run(models, "joint", {"left": inputs["right"], "right": inputs["left"]})["y"]
    assert np.abs(float_ - swapped).max() > 20 * step


def test_samples_are_paired_by_name_in_whatever_order(space: Workspace) -> None:
    expected = space.build().joint.read_bytes()
    pack(space.folder / "right.tar", {f"deep/{k}.png": png(picture(seed=100 + k)) for k in (2, 0, 1)})
    built = space.build()
    assert built.joint.read_bytes() == expected
    assert built.samples == 3


def test_missing_partners_are_listed(space: Workspace) -> None:
    pack(space.folder / "right.tar", {"0.png": png(picture()), "3.png": png(picture())})
    with pytest.raises(DatasetError, match=r"don't pair up: for input 'right' there is no '1', '2'") as caught:
        space.build()
    assert "input 'left'" in str(caught.value.next_step)


def test_files_that_are_left_over_are_listed(space: Workspace) -> None:
    pack(space.folder / "right.tar", {f"{k}.png": png(picture(seed=100 + k)) for k in range(5)})
    built = space.build()
    assert built.samples == 3
    assert any("left out: '3', '4'" in text for text in built.warnings)


def test_archives_without_a_common_name_go_in_order_and_that_is_said(space: Workspace) -> None:
    pack(space.folder / "right.tar", {f"right_{k}.png": png(picture(seed=100 + k)) for k in range(2)})
    built = space.build()
    assert built.samples == 2
    assert any("taken in order, unpaired; the shortest has 2 of 3" in text for text in built.warnings)


def test_two_files_of_one_name_can_not_be_paired(space: Workspace) -> None:
    pack(space.folder / "right.tar", {f"{k}/0.png": png(picture()) for k in range(3)})
    with pytest.raises(DatasetError, match=r"'0/0.png' and '1/0.png' have the same name"):
        space.build()
