"""evaluation_conf: every layer compared with the float model, on the data set of the error measurement."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.build import BuildResult
from axpair_emulator.metrics import cosine, relative_error
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.simulator import Models
from command_line import axpair_here
from emulator.tool_process import Desk, launchers
from onnx_models import Workspace, config_text, net, node, pack, picture, png, random_array

__all__ = ["launchers"]

EVALUATION = """evaluation_conf {
  path: "neuwizard.evaluator.error_measure_evaluator" type: EVALUATION_TYPE_ERROR_MEASURE
  source_ir_types: IR_TYPE_ONNX ir_types: IR_TYPE_LAVA score_compare_per_layer: true }"""
MEASURED = 'dataset_conf_error_measurement { path: "m.tar" type: DATASET_TYPE_TAR size: 3 }'
CHAIN = net(
    [
        node("Conv", ["data", "w"], ["first"], pads=[1, 1, 1, 1]),
        node("Sigmoid", ["first"], ["second"]),
        node("Conv", ["second", "v"], ["third"]),
    ],
    ["third", "second", "first"],
    {"w": random_array(4, 3, 3, 3), "v": random_array(5, 4, 1, 1)},
)
"""Every layer is an output, so that their scores can be had another way."""


def configuration(measured: str = MEASURED, evaluation: str = EVALUATION) -> str:
    return config_text().replace("operator_conf", f"{measured} {evaluation} operator_conf", 1)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path)
    pack(tmp_path / "m.tar", {f"{k}.png": png(picture(seed=50 + k)) for k in range(5)})
    space.write(CHAIN, configuration())
    return space


def recomputed(space: Workspace, built: BuildResult, samples: int) -> dict[str, tuple[float, float]]:
    """Cosine and relative error over the samples one behind the other, from the simulator's legs."""
    simulator = EmulatorSimulator()
    models = Models(built.joint, space.folder / "m.onnx", built.lava_joint, built.output_config)
    legs: dict[str, dict[str, list[np.ndarray]]] = {"onnx": {}, "lava_joint": {}}
    for index in range(samples):
        path = space.folder / "sample.png"
        path.write_bytes(png(picture(seed=50 + index)))
        data = simulator.prepare(models, {"data": path}).data
        for stage, found in legs.items():
            for name, array in simulator.run(models, stage, data).items():  # type: ignore[arg-type]
                found.setdefault(name, []).append(array)
    both = {name: [np.stack(legs[stage][name]) for stage in ("onnx", "lava_joint")] for name in legs["onnx"]}
    return {name: (cosine(*arrays), relative_error(*arrays)) for name, arrays in both.items()}


def test_layers_are_scored_over_all_samples_measured(space: Workspace) -> None:
    built = space.build()
    expected = recomputed(space, built, 3)
    assert [one.name for one in built.layers] == ["first", "second", "third"]
    for one in built.layers:
        assert (one.cosine, one.relative_error) == pytest.approx(expected[one.name], rel=1e-4)
        assert 0 < one.relative_error < 0.1
    assert built.warnings == ()


def test_outputs_are_scored_on_the_same_samples_each_its_worst(space: Workspace) -> None:
    on_own = space.build().scores
    space.write(CHAIN, configuration(""))
    assert space.build().scores != on_own


def test_without_evaluation_no_layer_is_scored(space: Workspace) -> None:
    space.write(CHAIN, configuration(evaluation=""))
    assert space.build().layers == ()


def test_fewer_samples_than_asked_for_are_said_with_both_numbers(space: Workspace) -> None:
    space.write(CHAIN, configuration(MEASURED.replace("3", "300")).replace("type: DATASET_TYPE_TAR }", "size: 40 }"))
    said = " ".join(space.build().warnings)
    assert "dataset_conf_error_measurement.size 300: there are 5 samples" in said


def test_fewer_calibration_samples_than_asked_for_are_said_with_both_numbers(space: Workspace) -> None:
    space.write(CHAIN, config_text(dataset="size: 40"))
    assert "dataset_conf_calibration.size 40: there are 4 samples" in space.build().warnings


def test_both_build_commands_show_the_table(space: Workspace, launchers: Path) -> None:
    desk = Desk(space.folder, launchers)
    lines = desk.log("pulsar", "build", "--input", "m.onnx", "--output", "d.joint", "--config", "c.prototxt")
    at = next(index for index, line in enumerate(lines) if line.endswith("Score compare table of every layer:"))
    assert [line.split()[:2] for line in lines[at + 2 : at + 5]] == [
        ["Layer:", n] for n in ("first", "second", "third")
    ]
    assert lines[at + 2].split()[2:4] == ["2-norm", "RE:"]
    flags = ("--input", space.folder / "m.onnx", "--output", space.folder / "e.joint")
    for json_flag in ((), ("--json",)):
        done = axpair_here("emulator", "build", *flags, "--config", space.folder / "c.prototxt", *json_flag)
        if json_flag:
            assert [one["layer"] for one in json.loads(done.stdout)["layers"]] == ["first", "second", "third"]
        else:
            assert "Score compare table of every layer:\n" in done.stdout


def test_debug_lists_what_every_operator_became(space: Workspace, launchers: Path) -> None:
    space.write(CHAIN, config_text(rest="pulsar_conf { debug: true }"))
    desk = Desk(space.folder, launchers)
    lines = desk.log("pulsar", "build", "--input", "m.onnx", "--output", "d.joint", "--config", "c.prototxt")
    at = next(index for index, line in enumerate(lines) if line.endswith("operators:"))
    assert lines[at + 1].split() == ["operator", "kind", "ONNX", "nodes", "shape", "bits", "scale", "zero"]
    assert any(line.split()[:3] == ["first", "conv", "first"] for line in lines[at + 2 :])
