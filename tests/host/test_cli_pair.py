"""axpair pair on small models with awkward names."""

import json
from pathlib import Path

import pytest
from axpair_proto.names import joint_name
from axpair_proto.simulator import Models
from command_line import axpair_here, said_once
from onnx_models import Workspace, config_text, net, node, random_array
from pairs import Case, case_of, codes, pair
from tiny import build_tiny, write_picture

AWKWARD = ("..", "a b:c/d", "输出", "x" * 300)


def build(folder: Path, names: tuple[str, ...]) -> Case:
    """A model with a convolution for each output name, and a picture."""
    workspace = Workspace(folder)
    constants = {f"w{index}": random_array(2, 3, 1, 1, seed=index) for index in range(len(names))}
    nodes = [node("Conv", ["data", f"w{index}"], [name]) for index, name in enumerate(names)]
    workspace.write(net(nodes, names, constants), config_text())
    result = workspace.build()

    models = Models(result.joint, folder / "m.onnx", result.lava_joint, result.output_config)
    return case_of(models, write_picture(folder / "x.png"))


def test_names_of_every_kind_stay_in_the_folder_and_come_back(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    case = build(tmp_path / "model", AWKWARD)
    _, document = pair(case, tmp_path / "gt")
    assert [one["name"] for one in document["outputs"]] == [joint_name(name) for name in AWKWARD]
    assert {one["joint_board"]["relation"] for one in document["outputs"]} == {"IDENTICAL"}
    assert len(list((tmp_path / "gt" / "board").glob("*.npy"))) == len(AWKWARD)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gt", "model"]


def test_names_that_would_share_a_file_are_paired_each_by_its_own(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    case = build(tmp_path / "model", ("a/b", "a_b"))
    _, document = pair(case, tmp_path / "gt")
    relations = {one["name"]: one["joint_board"]["relation"] for one in document["outputs"]}
    assert relations == {"a/b": "IDENTICAL", "a_b": "IDENTICAL"}


def test_names_that_are_one_in_a_joint_are_refused_before_the_board_is_asked(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    case = build(tmp_path / "model", ("a.b", "a:b"))
    message = said_once(axpair_here("pair", *case.flags, "--out", tmp_path / "gt"), 2)
    assert "AX001: two outputs are named 'a:b'" in message
    assert "board: " not in message
    assert not (tmp_path / "gt").exists()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("tiny")
    return case_of(build_tiny(folder), write_picture(folder / "x.png"))


def test_the_configuration_beside_the_joint_is_the_default(tiny: Case, tmp_path: Path) -> None:
    pair(tiny, tmp_path / "without")
    config = tiny.models.config
    assert config is not None
    pair(tiny, tmp_path / "with", "--config", config)
    config.with_name("output_config.prototxt").write_bytes(config.read_bytes())
    pair(tiny, tmp_path / "beside")
    found = {
        name: json.loads((tmp_path / name / "pair.json").read_text())["gathered"]["case"]["config_sha256"]
        for name in ("without", "with", "beside")
    }
    assert found["without"] is None
    assert found["with"] == found["beside"] is not None


def test_a_deadline_below_a_millisecond_is_none_and_refused(tiny: Case, tmp_path: Path) -> None:
    message = said_once(axpair_here("pair", *tiny.flags, "--out", tmp_path / "gt", "--deadline", "0.0001"), 2)
    assert "at least 0.001" in message


def test_rounds_are_as_many_as_asked_for(tiny: Case, tmp_path: Path) -> None:
    _, document = pair(tiny, tmp_path / "gt", "--repeat", "4")
    assert [one["kind"] for one in document["board"]["rounds"]].count("case") >= 4


def test_a_round_beyond_its_deadline_is_the_runtimes_failure(tiny: Case, tmp_path: Path) -> None:
    _, document = pair(tiny, tmp_path / "gt", "--deadline", "2", "--board", "emulator:?fault=hang")
    assert codes(document)[0] == "AX307"
    assert "2 s" in json.dumps(document["findings"][0])


def test_the_case_is_called_as_asked(tiny: Case, tmp_path: Path) -> None:
    assert pair(tiny, tmp_path / "one")[1]["case"] == "x"
    assert pair(tiny, tmp_path / "two", "--id", "ticket 4711")[1]["case"] == "ticket 4711"
