"""A graph that is read wrongly: quantised model and joint follow it, the ONNX model in the file doesn't."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.commands import emulator
from axpair_emulator.errors import FaultError
from axpair_emulator.faults.importing import damaged_import
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.capabilities import RunsImportedModel
from axpair_proto.simulator import Models
from click.testing import CliRunner
from onnx_models import net, node
from tiny import INPUT, build_tiny, write_picture


def test_joint_and_lava_joint_follow_the_wrong_graph_and_the_file_doesnt(tmp_path: Path) -> None:
    build_tiny(tmp_path)
    joint = tmp_path / "wrong.joint"
    arguments = ["--input", str(tmp_path / "m.onnx"), "--config", str(tmp_path / "c.prototxt"), "--output", str(joint)]
    done = CliRunner().invoke(emulator, ["build", *arguments, "--fault", "graph-import", "--fault-seed", "3"])
    assert done.exit_code == 0, done.output
    simulator = EmulatorSimulator()
    assert isinstance(simulator, RunsImportedModel)
    models = Models(joint, tmp_path / "m.onnx", joint.with_suffix(".lava_joint"))
    inputs = simulator.prepare(models, {INPUT: write_picture(tmp_path / "x.png")}).data
    plain, imported = simulator.run(models, "onnx", inputs), simulator.run_imported(models, inputs)
    quantised = simulator.run(models, "lava_joint", inputs)
    name = max(plain, key=lambda one: float(np.abs(plain[one] - imported[one]).max()))
    wrong, right = (float(np.linalg.norm(quantised[name] - leg[name])) for leg in (plain, imported))
    assert right < wrong / 5


def test_without_the_fault_the_imported_model_is_the_model(tmp_path: Path) -> None:
    simulator, models = EmulatorSimulator(), build_tiny(tmp_path)
    inputs = simulator.prepare(models, {INPUT: write_picture(tmp_path / "x.png")}).data
    plain, imported = simulator.run(models, "onnx", inputs), simulator.run_imported(models, inputs)
    for name, tensor in plain.items():
        np.testing.assert_allclose(imported[name], tensor, atol=1e-4)


def test_the_catalogue_lists_it() -> None:
    listed = json.loads(CliRunner().invoke(emulator, ["faults", "--json"]).stdout)["faults"]
    (one,) = [fault for fault in listed if fault["name"] == "graph-import"]
    assert (one["code"], one["injected"]) == ("AX208", "build")


def test_a_graph_without_room_is_refused() -> None:
    model = net([node("Identity", ["data"], ["y"])], ["y"])
    with pytest.raises(FaultError, match="no room"):
        damaged_import(model, "graph-import:0")
