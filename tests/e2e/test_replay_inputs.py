"""Replaying a model with several inputs: a sub-folder a case, a file an input."""

import json
import shlex
import shutil
from pathlib import Path

import onnx
import pytest
from axpair_proto.simulator import Models
from command_line import axpair_here
from onnx import TensorProto, helper, numpy_helper
from onnx_models import Workspace, node, pack, picture, png, random_array
from replays import endings, replay, stable_rows
from tiny import write_picture

CONFIG = """neuwizard_conf {
  dataset_conf_calibration {
    type: DATASET_TYPE_TAR
    dataset_conf_items { selector { op_name: "left/im" } path: "left.tar" }
    dataset_conf_items { selector { op_name: "right" } path: "right.tar" }
  }
}
"""


@pytest.fixture(scope="module")
def difference(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Output "y" is a convolution of "left/im" less one of "right"."""
    space = Workspace(tmp_path_factory.mktemp("difference"))
    names = ("left/im", "right")
    graph = helper.make_graph(
        [node("Conv", [names[0], "w"], ["l"]), node("Conv", [names[1], "w"], ["r"]), node("Sub", ["l", "r"], ["y"])],
        "difference",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 12, 10]) for name in names],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 12, 10])],
        [numpy_helper.from_array(random_array(4, 3, 1, 1), "w")],
    )
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    space.write(model, CONFIG)
    for side, seed in (("left", 0), ("right", 100)):
        pack(space.folder / f"{side}.tar", {f"{k}.png": png(picture(seed=seed + k)) for k in range(3)})
    built = space.build()
    return Models(built.joint, space.folder / "m.onnx", built.lava_joint, built.output_config)


def test_each_folder_is_a_case_and_one_that_lacks_an_input_is_bad_input(difference: Models, tmp_path: Path) -> None:
    for case, right in (("one", "right.png"), ("two/deep", "right.png"), ("three", "wrong.png")):
        folder = tmp_path / "cases" / case
        folder.mkdir(parents=True)
        write_picture(folder / "left_im.png", 1)
        write_picture(folder / right, 2)
    replay(tmp_path / "cases", tmp_path / "run", difference)
    ended = endings(tmp_path / "run")
    assert set(ended) == {"one", "two/deep", "three"}
    assert ended["three"] == ("BAD INPUT", "")
    rows = {row["id"]: row["document"] for row in stable_rows(tmp_path / "run")}
    assert rows["one"]["outputs"] == rows["two/deep"]["outputs"]
    assert {output["joint_board"]["relation"] for output in rows["one"]["outputs"]} == {"IDENTICAL"}


def test_init_names_each_input_and_the_folder_of_the_cases(
    difference: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(difference.joint.parent, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for case in ("cases/one", "cases/two"):
        Path(case).mkdir(parents=True)
        write_picture(Path(case) / "left_im.png", 1)
        write_picture(Path(case) / "right.png", 2)
    done = axpair_here("init", "--json")
    assert done.returncode == 0, done.stderr
    lines = [one["command"] for one in json.loads(done.stdout)["commands"]]
    assert lines[0] == (
        "axpair pair --layer left/im --input cases/one/left_im.png --layer right --input cases/one/right.png"
    )
    assert lines[1] == "axpair replay cases --run run"
    for line in lines[:2]:
        done = axpair_here(*shlex.split(line)[1:])
        assert done.returncode == 0, done.stderr
