"""Layers of a model in each form: the same tensors as in a whole run, own errors apart, few tensors alive at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import pytest
from axpair_emulator.cmodel.execute import Executor, real_values
from axpair_emulator.layer_dumps import CompiledStage, seeds, walk
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.storage.joint_file import load_program
from axpair_proto.capabilities import DumpsLayers
from axpair_proto.simulator import Models
from layer_models import build_branching
from onnx_models import INPUT
from tiny import write_picture


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The model with branches."""
    return build_branching(tmp_path_factory.mktemp("branching"))


@pytest.fixture(scope="module")
def data(models: Models, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A picture as its input."""
    picture = write_picture(tmp_path_factory.mktemp("picture") / "p.png")
    return EmulatorSimulator().prepare(models, {INPUT: picture}).data


def test_the_emulator_shows_layers() -> None:
    assert isinstance(EmulatorSimulator(), DumpsLayers)


def test_layers_of_the_joint_are_the_tensors_of_a_whole_run(models: Models, data: dict[str, bytes]) -> None:
    program = load_program(models.joint)
    tapped: dict[str, np.ndarray] = {}
    Executor(program).run(data, tap=tapped.__setitem__)
    layers = {layer.name: layer for layer in EmulatorSimulator().layers(models, "joint", data)}
    assert list(layers) == [op.output for op in program.ops]
    for name, layer in layers.items():
        np.testing.assert_array_equal(layer.values, real_values(program.tensors[name], tapped[name]))


def test_layers_of_the_float_model_are_its_own_tensors(models: Models, data: dict[str, bytes]) -> None:
    simulator = EmulatorSimulator()
    layers = {layer.name: layer for layer in simulator.layers(models, "onnx", data)}
    whole = simulator.run(models, "onnx", data)
    np.testing.assert_allclose(layers["map"].values, whole["map"], rtol=1e-5, atol=1e-6)
    assert layers["silu"].kind == "Sigmoid+Mul"
    assert layers["c1"].kind == "Conv+Relu"
    assert models.onnx is not None
    names = {name for node in onnx.load(models.onnx).graph.node for name in node.output}
    assert set(layers) <= names | {INPUT}


def test_layers_of_the_quantised_model_end_in_its_outputs(models: Models, data: dict[str, bytes]) -> None:
    simulator = EmulatorSimulator()
    layers = {layer.name: layer for layer in simulator.layers(models, "lava_joint", data)}
    whole = simulator.run(models, "lava_joint", data)
    np.testing.assert_allclose(layers["map"].values, whole["map"], atol=1.01 * layers["map"].step)


def test_a_layer_fed_with_the_float_models_tensors_inherits_nothing(models: Models, data: dict[str, bytes]) -> None:
    simulator = EmulatorSimulator()
    floats = {layer.name: layer.values for layer in simulator.layers(models, "onnx", data)}
    for stage in ("lava_joint", "joint"):
        end_to_end = {layer.name: layer.values for layer in simulator.layers(models, stage, data)}
        alone = {layer.name: layer.values for layer in simulator.own_layers(models, stage, data)}
        assert set(alone) == set(floats)

        def error(values: dict[str, np.ndarray], name: str) -> float:
            return float(np.linalg.norm(values[name] - floats[name]))

        assert error(alone, "map") < 0.7 * error(end_to_end, "map")


def test_a_tensor_is_let_go_after_its_last_use(models: Models, data: dict[str, bytes]) -> None:
    program = load_program(models.joint)
    most = 0

    class Watched(CompiledStage):
        def compute(self, index: int, given: Mapping[str, "np.ndarray[Any, Any]"]) -> "np.ndarray[Any, Any]":
            nonlocal most
            most = max(most, len(given))
            assert set(self.needs[index]) <= set(given)
            return super().compute(index, given)

    steps = list(walk(program, Watched(Executor(program)), seeds(program, data)))
    assert len(steps) == len(program.ops) > 10
    assert most <= 3
