"""Operators that the NPU doesn't have run on the CPU in float, with all that follows from them; the log names them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from axpair_emulator.build import BuildResult
from axpair_emulator.cmodel.cpu import prepare_cpu_part
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.errors import EmulatorError, JointError, ModelError
from axpair_emulator.metrics import cosine
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.storage.consistency import check_program
from axpair_emulator.storage.joint_file import load_program
from axpair_proto.joint import read_joint
from axpair_proto.simulator import Models
from onnx_models import INPUT, NORMALISED, SIXTEEN_BITS, Workspace, config_text, net, node, picture, png, random_array

CONV = node("Conv", [INPUT, "w"], ["c"])
PARTS = {"w": random_array(4, 3, 3, 3), "axis": np.array(3), "k": random_array(8, 4, 1, 1)}
MODEL = net(
    [
        CONV,
        node("Relu", ["c"], ["npu"]),
        node("CumSum", ["npu", "axis"], ["sums"]),
        node("Conv", ["sums", "k"], ["y"]),
    ],
    ["npu", "y"],
    PARTS,
)
"""Two outputs, the second behind an operator that only the CPU has."""


def built(folder: Path, model: onnx.ModelProto = MODEL, rest: str = "") -> BuildResult:
    space = Workspace(folder)
    space.write(model, config_text(f"{NORMALISED} {SIXTEEN_BITS}", rest=rest))
    return space.build()


def legs(result: BuildResult, folder: Path) -> dict[str, dict[str, np.ndarray]]:
    simulator = EmulatorSimulator()
    models = Models(result.joint, folder / "m.onnx", result.lava_joint, result.output_config)
    image = folder / "x.png"
    image.write_bytes(png(picture(seed=9)))
    data = simulator.prepare(models, {INPUT: image}).data
    errors = simulator.own_errors(models, data)
    assert errors
    assert max(error.max_steps for error in errors) <= 1
    return {stage: dict(simulator.run(models, stage, data)) for stage in ("onnx", "lava_joint", "joint")}


def test_what_follows_from_an_operator_that_the_npu_lacks_runs_in_float(tmp_path: Path) -> None:
    result = built(tmp_path)
    assert result.program.cpu is not None
    assert result.program.cpu.operators == ("CumSum sums", "Conv y")
    assert any("on the CPU" in said and "CumSum sums, Conv y" in said for said in result.warnings)
    found = legs(result, tmp_path)
    for name in ("npu", "y"):
        assert cosine(found["onnx"][name], found["joint"][name]) > 0.999
        assert cosine(found["lava_joint"][name], found["joint"][name]) > 0.99999
    summed = np.cumsum(found["joint"]["npu"], axis=3)
    wanted = np.einsum("oi,nihw->nohw", PARTS["k"][:, :, 0, 0], summed)
    np.testing.assert_allclose(found["joint"]["y"], wanted, rtol=1e-4, atol=1e-5)


def test_outputs_behind_the_cpu_part_say_so_and_have_no_step(tmp_path: Path) -> None:
    described = EmulatorSimulator().describe(built(tmp_path).joint)
    assert [(one.name, one.cpu_part, one.step > 0) for one in described.outputs] == [
        ("npu", False, True),
        ("y", True, False),
    ]


def test_joint_lists_both_parts_and_loads_as_it_was_built(tmp_path: Path) -> None:
    result = built(tmp_path)
    parts = read_joint(result.joint).topology.parts
    assert [(part.type, list(part.inputs), list(part.outputs)) for part in parts] == [
        (1, ["data"], ["npu"]),
        (5, ["npu"], ["y"]),
    ]
    loaded = load_program(result.joint)
    assert loaded.cpu == result.program.cpu


def test_output_with_q_and_channels_last_leaves_the_cpu_part_as_asked(tmp_path: Path) -> None:
    rest = 'dst_output_tensors { tensor_name: "y" data_type: INT16 quantization_value: 64 tensor_layout: NHWC }'
    plain = legs(built(tmp_path), tmp_path)["joint"]["y"]
    given = legs(built(tmp_path, rest=rest), tmp_path)["joint"]["y"]
    np.testing.assert_array_equal(given, np.floor(plain.astype(np.float64) * 64 + 0.5).transpose(0, 2, 3, 1))


def test_dynamic_q_of_an_output_behind_the_cpu_part_comes_from_calibration(tmp_path: Path) -> None:
    result = built(tmp_path, rest='dst_output_tensors { tensor_name: "y" data_type: INT16 }')
    assert result.config.outputs[1].q > 1
    assert 0.5 * 32767 < np.abs(legs(result, tmp_path)["onnx"]["y"].astype(int)).max() <= 32767


def test_cpu_switched_off_refuses_the_operator_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"CumSum \(domain ai.onnx, opset 21\) can't be placed: node 'sums'"):
        built(tmp_path, rest="cpu_backend_settings { onnx_setting { mode: DISABLED } }")


def test_model_that_starts_with_a_cpu_operator_is_refused(tmp_path: Path) -> None:
    model = net([node("CumSum", [INPUT, "axis"], ["s"]), node("Conv", ["s", "w"], ["y"])], ["y"], PARTS)
    with pytest.raises(ModelError, match=r"nothing of the model is left for the NPU: already CumSum"):
        built(tmp_path, model)


def test_damaged_cpu_part_ends_in_a_sentence(tmp_path: Path) -> None:
    program = built(tmp_path).program
    assert program.cpu is not None
    with pytest.raises(EmulatorError, match="CPU part is damaged"):
        Executor(replace(program, cpu=replace(program.cpu, model=b"\x08\x07\x12")))
    with pytest.raises(JointError, match="reads a tensor that is never computed"):
        check_program(replace(program, cpu=replace(program.cpu, inputs={"npu": "elsewhere"})))
    with pytest.raises(JointError, match="'y' is never computed"):
        check_program(replace(program, cpu=replace(program.cpu, outputs=("z",))))
    with pytest.raises(EmulatorError, match="doesn't fit its inputs"):
        prepare_cpu_part(program.cpu)({"npu": np.zeros((1, 1), np.float32)})
    outside = onnx.ModelProto.FromString(program.cpu.model)
    outside.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    with pytest.raises(EmulatorError, match="wants files outside the joint"):
        prepare_cpu_part(replace(program.cpu, model=outside.SerializeToString()))
