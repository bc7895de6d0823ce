"""NAME.0 of the ONNX model and NAME:0 of the joint as files of one folder: `pair`, `diagnose` and `compare` agree."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_emulator.tools.launchers import write_launchers
from axpair_emulator.tools.pulsar.gt import output_files
from axpair_emulator.tools.pulsar.kept import RECORD, write_beside
from axpair_host.main import run
from axpair_proto.gt.marks import MARK
from axpair_proto.joint import pack_joint
from axpair_proto.topology.topology_pb2 import Topology
from command_line import axpair_here
from onnx_models import Workspace, config_text, net, node, random_array
from tiny import write_picture

Array = np.ndarray[Any, Any]
Capture = pytest.CaptureFixture[str]
OUT = np.random.default_rng(9).normal(size=(1, 4, 4, 6)).astype(np.float32)
OTHER = OUT[..., ::-1].copy()


def put(stem: Path, array: Array) -> None:
    stem.parent.mkdir(parents=True, exist_ok=True)
    array.tofile(stem.with_name(f"{stem.name}.bin"))
    np.save(stem.with_name(f"{stem.name}.npy"), array)


def spelled(folder: Path, second: Array) -> list[list[str]]:
    """A gt folder with out:0 and `second` as out.0, beside a board's folder; the three commands on it."""
    topology = Topology(input_names=["input:1"], output_names=["out:0", "prob"])
    (folder / "m.joint").write_bytes(pack_joint(topology, {"part_0.neu": b"code"}))
    for spelling in ("input.1", "input:1"):
        put(folder / "gt" / "input" / spelling, np.arange(72, dtype=np.uint8).reshape(1, 4, 6, 3))
    for leg in ("onnx", "joint", "board"):
        put(folder / "gt" / leg / "out:0", OUT)
        put(folder / "gt" / leg / "prob", OUT)
    for leg in ("onnx", "joint"):
        put(folder / "gt" / leg / "out.0", second)
    for name in ("out:0", "prob"):
        put(folder / "out" / name, OUT)
    commands = [
        ["pair", "--joint", "m.joint", "--gt", "gt", "--board-out", "out", "--out", "g"],
        ["diagnose", "gt"],
        ["compare", "gt/joint", "out"],
    ]
    return commands


def test_equal_files_under_two_spellings_are_one_tensor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in spelled(tmp_path, OUT):
        assert run([*command, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["verdict"] == "PASS"
        tensors = found.get("outputs") or found["tensors"]
        assert sorted(one["name"] for one in tensors) == ["out:0", "prob"]
        assert not found.get("warnings")


def test_of_unequal_ones_nothing_is_proven_and_both_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in spelled(tmp_path, OTHER):
        assert run([*command, "--json"]) == 2, command
        said = json.loads(capsys.readouterr().out)["error"]["message"]
        assert "joint/out.0 and gt/joint/out:0 are one name in a joint" in said or "onnx/out.0 and " in said


def test_two_recipes_of_the_readme_one_after_the_other_in_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """`pair` on the emulated board, then `pulsar run` and `run_joint` and `pair` on what they left."""
    workspace = Workspace(tmp_path)
    names = ("out.0", "/head/prob")
    weights = {f"w{at}": random_array(2, 3, 1, 1, seed=at) for at in range(2)}
    workspace.write(
        net([node("Conv", ["data", f"w{at}"], [names[at]]) for at in range(2)], names, weights), config_text()
    )
    built = workspace.build()
    picture = write_picture(tmp_path / "x.png")
    monkeypatch.chdir(tmp_path)
    models = ("--onnx", "m.onnx", "--joint", str(built.joint), "--lava-joint", str(built.lava_joint))
    config = ("--config", str(built.output_config), "--input", str(picture))
    assert axpair_here("pair", *models, *config).returncode == 0
    tools = {path.stem: path for path in write_launchers(tmp_path / "tools")}
    simulated = [tools["pulsar"], "run", "m.onnx", built.joint, *config, "--output_gt", "gt"]
    subprocess.run(list(map(str, simulated)), check=True, capture_output=True)
    (tmp_path / "out").mkdir()
    (data,) = (tmp_path / "gt" / "input").glob("*.bin")
    ran = [tools["run_joint"], built.joint, "--data", data, "--bin-out-dir", "out"]
    log = subprocess.run(list(map(str, ran)), check=True, capture_output=True).stdout
    (tmp_path / "run_joint.log").write_bytes(log)
    assert sorted(path.name for path in (tmp_path / "gt" / "joint").glob("*.bin")) == ["_head_prob.bin", "out:0.bin"]
    finished = ["pair", "--joint", str(built.joint), "--gt", "gt", "--board-out", "out", "--board-log", "run_joint.log"]
    for command in (finished, ["compare", "gt/joint", "out"], ["diagnose", "gt"]):
        assert run(command) == 0
        assert "PASS" in capsys.readouterr().out


def test_the_drop_in_removes_its_own_earlier_spelling_and_leaves_a_user_s(tmp_path: Path) -> None:
    for name, data in (("joint/out.0.bin", b"of 0.1.0"), ("joint/prob.0.bin", b"a user's")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    earlier = {"joint/out.0.bin": [sha256(b"of 0.1.0").hexdigest()]}
    (tmp_path / RECORD).write_text(json.dumps(earlier))
    write_beside(tmp_path, dict(output_files("joint", {"out.0": OUT, "prob.0": OUT})))
    found = sorted(path.name for path in (tmp_path / "joint").glob("*.bin"))
    assert found == ["out:0.bin", "prob.0.bin", "prob:0.bin"]


def test_writing_again_takes_the_place_of_our_own_spelling_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    pair, *_ = spelled(tmp_path, OUT)
    assert run(pair) == 0  # g, written as the joint has the names or as they lie
    ours = json.loads((tmp_path / "g" / MARK).read_text())["files"]
    put(tmp_path / "g" / "joint" / "out.0", OUT)
    again = ["pair", "--joint", "m.joint", "--gt", "g", "--board-out", "out", "--out", "g"]
    assert run(again) == 0
    capsys.readouterr()
    assert "joint/out:0.bin" in ours
    assert sorted(path.name for path in (tmp_path / "g" / "joint").glob("out*.bin")) == ["out.0.bin"]
    assert run(["diagnose", "g"]) == 0
