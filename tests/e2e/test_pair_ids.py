"""A model whose input is ids, through the commands: files, lint, pair, layers, a board that is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from axpair_proto.simulator import Models
from command_line import axpair_here
from emulator.id_models import IDS, embedding, ids, workspace
from pairs import Case, case_of, codes, pair


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("ids")
    result = workspace(folder, embedding()).build()
    np.save(folder / "x.npy", ids().astype(np.int64))  # as most programs have them
    made = case_of(Models(result.joint, folder / "m.onnx", result.lava_joint, result.output_config), folder / "x.npy")
    return Case(made.models, made.picture, (*made.flags, "--config", str(result.output_config)))


def test_ids_pair_and_every_layer_is_scored(case: Case, tmp_path: Path) -> None:
    done, document = pair(case, tmp_path / "gt")
    assert (done.returncode, document["verdict"]) == (0, "PASS")
    assert np.load(tmp_path / "gt/input/ids.npy").dtype == np.int32
    layers = json.loads(axpair_here("layers", *case.flags, "--json").stdout)
    assert layers["verdict"] == "PASS"
    assert [(row["name"], row["kind"]) for row in layers["layers"]][:1] == [("rows", "Gather")]


def test_a_board_that_answers_with_an_earlier_text_is_found(case: Case, tmp_path: Path) -> None:
    _, document = pair(case, tmp_path / "gt", "--board", "emulator:?fault=stale-output")
    assert codes(document)[0] == "AX302"


def test_a_wrong_operator_of_the_board_is_bisected_to(case: Case, tmp_path: Path) -> None:
    flags = (*case.flags, "--board", "emulator:?fault=truncated-rounding&op=features", "--bisect", "--out")
    document = json.loads(axpair_here("layers", *flags, tmp_path / "parts", "--json").stdout)
    assert document["verdict"] == "FAULT"
    assert "features" in json.dumps(document["bisection"]["nodes"])


def test_lint_takes_ids_for_ids(case: Case, tmp_path: Path) -> None:
    """Whoever wrote uint8 for this input was sent the wrong way."""
    folder = case.models.joint.parent
    said = json.loads(axpair_here("lint", folder / "c.prototxt", "--onnx", folder / "m.onnx", "--json").stdout)
    assert "dtype" not in [one["kind"] for one in said["hints"]]
    wide = workspace(tmp_path, embedding(), dtype="<i8").folder
    said = json.loads(axpair_here("lint", wide / "c.prototxt", "--onnx", wide / "m.onnx", "--json").stdout)
    (hint,) = [one for one in said["hints"] if one["kind"] == "dtype"]
    assert f"has 64 bytes, 2 times as many; input 'ids' takes {4 * IDS} (int32 [1, 8])" in hint["summary"]
    assert "write the samples as int32" in hint["prove"]["text"]
