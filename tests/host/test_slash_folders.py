"""Tensors that lie in folders named after the slashes of their names, as axcl's samples write them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.main import run
from axpair_proto.joint import pack_joint
from axpair_proto.topology.topology_pb2 import Topology

Array = np.ndarray[Any, Any]
Capture = pytest.CaptureFixture[str]
NAMES = ("/model/Conv_output_0", "/model/Conv_output_1", "out")
FLAT = {name: name.replace("/", "_") for name in NAMES}
FOLDERS = {name: name.removeprefix("/") for name in NAMES}


def laid_out(folder: Path, names: tuple[str, ...], gt: dict[str, str], out: dict[str, str]) -> None:
    topology = Topology(input_names=["/in/x"], output_names=names)
    (folder / "m.joint").write_bytes(pack_joint(topology, {"part_0.neu": b"code"}))
    random = np.random.default_rng(2)
    tensors = {name: random.normal(size=(1, 4, 4, 6)).astype(np.float32) for name in names}
    pixels = np.arange(72, dtype=np.uint8).reshape(1, 4, 6, 3)
    stems: dict[str, Array] = {f"gt/{leg}/{gt[name]}": tensors[name] for leg in ("onnx", "joint") for name in names}
    stems |= {f"gt/input/{'in/x' if gt is FOLDERS else '_in_x'}": pixels}
    stems |= {f"out/{out[name]}": tensors[name] for name in names}
    for stem, array in stems.items():
        (folder / stem).parent.mkdir(parents=True, exist_ok=True)
        array.tofile(folder / f"{stem}.bin")
        if not stem.startswith("out/"):
            np.save(folder / f"{stem}.npy", array)


@pytest.mark.parametrize("names", [NAMES, NAMES[:2], NAMES[::2], NAMES[:1]], ids=["all", "slashes", "two", "one"])
@pytest.mark.parametrize("gt", [FOLDERS, FLAT], ids=["folders", "flat"])
@pytest.mark.parametrize("out", [FOLDERS, FLAT], ids=["in folders", "flat out"])
def test_pair_diagnose_and_compare_find_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    names: tuple[str, ...],
    gt: dict[str, str],
    out: dict[str, str],
) -> None:
    monkeypatch.chdir(tmp_path)
    laid_out(tmp_path, names, gt, out)
    pair = ["pair", "--joint", "m.joint", "--gt", "gt", "--board-out", "out", "--out", "g"]
    assert run([*pair, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["outputs"]
    assert {one["name"]: one["joint_board"]["relation"] for one in found} == dict.fromkeys(names, "IDENTICAL")
    for folder in ("g", "gt"):
        assert run(["diagnose", folder, "--json"]) == 0
        outputs = json.loads(capsys.readouterr().out)["outputs"]
        assert [one["onnx_joint"]["relation"] for one in outputs] == ["IDENTICAL"] * len(names)
    assert run(["compare", "gt/joint", "out", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["tensors"]) == len(names)


def test_what_else_lies_below_a_leg_is_no_tensor_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    laid_out(tmp_path, NAMES, FLAT, FLAT)
    for stem in ("gt/joint/old/out", "gt/joint/model/Conv_output_0", "gt/golden/input/x"):
        (tmp_path / stem).parent.mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / f"{stem}.npy", np.ones((1, 4, 4, 6), np.float32))
    assert run(["diagnose", "gt", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in document["outputs"]] == sorted(FLAT.values())
