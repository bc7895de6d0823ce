"""What a float model is made of, and what its tensors span over a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.zoo import fetch
from axpair_proto.capabilities import InspectsModels
from layer_models import build_branching
from onnx_models import INPUT, Workspace, config_text, net, node, pack, picture, png, random_array
from PIL import Image


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("inspect")
    build_branching(made)
    return made


def test_costs_are_those_of_the_shapes(folder: Path) -> None:
    simulator = EmulatorSimulator()
    assert isinstance(simulator, InspectsModels)
    facts = simulator.inspect(folder / "m.onnx", {})
    pixels = 12 * 10
    assert facts.macs["Conv"] == pixels * (4 * 27 + 4 * 9 + 4 * 4 * 2 + 6 * 8 + 2 * 6)
    assert facts.silu_elements == 4 * pixels
    assert facts.silu_macs == 4 * 9 * pixels
    assert facts.concats == {"both": ("sum", "left")}
    assert (facts.inputs[0].name, facts.inputs[0].shape, facts.inputs[0].first) == (INPUT, (1, 3, 12, 10), ())


def test_what_scales_the_input_before_the_first_layer_is_named(tmp_path: Path) -> None:
    mean, std = np.full((1, 3, 1, 1), 127.5, np.float32), np.full((1, 3, 1, 1), 128, np.float32)
    nodes = [
        node("Sub", [INPUT, "mean"], ["less"]),
        node("Div", ["less", "std"], ["even"]),
        node("Conv", ["even", "w"], ["y"]),
    ]
    (tmp_path / "m.onnx").write_bytes(
        net(nodes, ["y"], {"mean": mean, "std": std, "w": random_array(2, 3, 1, 1)}).SerializeToString()
    )
    (first, second) = EmulatorSimulator().inspect(tmp_path / "m.onnx", {}).inputs[0].first
    assert (first.kind, first.constants) == ("Sub", ((127.5,) * 3,))
    assert (second.kind, second.constants) == ("Div", ((128.0,) * 3,))


def test_ranges_are_those_of_the_float_model_on_the_set(folder: Path) -> None:
    seen = EmulatorSimulator().observe(folder / "m.onnx", folder / "c.prototxt", {})
    pixels = np.concatenate([np.asarray(picture(seed=seed)).reshape(-1, 3)[:, ::-1] for seed in range(4)])
    fed = (pixels - [100, 120, 140]) / [60, 70, 80]
    assert seen.samples == 4
    assert (seen.tensors[INPUT].low, seen.tensors[INPUT].high) == pytest.approx((fed.min(), fed.max()), abs=1e-5)
    assert seen.tensors[INPUT].kind == "input"
    assert {name for name, one in seen.tensors.items() if one.kind == "output"} == {"map", "prob"}
    assert seen.tensors["sum"].kind == "part"


def test_another_set_is_held_against_ranges(folder: Path, tmp_path: Path) -> None:
    simulator = EmulatorSimulator()
    seen = simulator.observe(folder / "m.onnx", folder / "c.prototxt", {})
    same = simulator.observe(folder / "m.onnx", folder / "c.prototxt", {}, against=seen.tensors)
    assert {one.outside for one in same.tensors.values()} == {0.0}
    other = pack(tmp_path / "o.tar", {"red.png": png(Image.new("RGB", (10, 12), (255, 0, 0)))})
    found = simulator.observe(
        folder / "m.onnx", folder / "c.prototxt", {}, archives={INPUT: other}, against=seen.tensors
    )
    assert found.samples == 1
    assert max(one.outside for one in found.tensors.values() if one.kind == "layer") > 0.1


def test_a_real_model_of_open_shape_needs_shapes(tmp_path: Path) -> None:
    Workspace(tmp_path).write(b"", config_text(operators=""))
    facts = EmulatorSimulator().inspect(fetch("ppocr-cls"), {"x": (1, 3, 48, 192)})
    assert facts.inputs[0].shape == (1, 3, 48, 192)
    assert sum(facts.macs.values()) > 1_000_000
