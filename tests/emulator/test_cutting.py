"""Parts of a compiled model: the same bits as in the whole, and the same faults on the emulated board."""

from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.cutting import cut_program
from axpair_emulator.device.driver import Device
from axpair_emulator.errors import EmulatorError
from axpair_emulator.faults.catalogue import chosen
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.storage.joint_file import load_program
from axpair_proto.capabilities import CutsModels
from axpair_proto.simulator import Models
from emulator.toys import write_batch
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


def test_the_emulator_cuts_models(models: Models) -> None:
    simulator = EmulatorSimulator()
    assert isinstance(simulator, CutsModels)
    nodes = simulator.nodes(models)
    made = [node.output for node in nodes]
    for at, node in enumerate(nodes):
        assert set(node.inputs) <= {*made[:at], f"{INPUT}@joint"}, node


@pytest.mark.parametrize("stage", ["joint", "lava_joint"])
def test_two_halves_give_what_the_whole_gives(
    stage: str, models: Models, data: dict[str, bytes], tmp_path: Path
) -> None:
    simulator = EmulatorSimulator()
    first = simulator.cut(models, (), ["silu"], tmp_path / "first")
    second = simulator.cut(models, ["silu"], ["map", "prob"], tmp_path / "second")
    middle = simulator.run(first, stage, data)  # type: ignore[arg-type]
    assert middle["silu"].dtype == np.uint8
    ends = simulator.run(second, stage, {"silu": middle["silu"].tobytes()})  # type: ignore[arg-type]
    whole = simulator.run(models, stage, data)  # type: ignore[arg-type]
    for name in ("map", "prob"):
        np.testing.assert_allclose(ends[name], whole[name], atol=0 if stage == "joint" else 0.05)
    if stage == "joint":
        assert all(ends[name].tobytes() == whole[name].tobytes() for name in whole)


def test_a_part_says_that_its_inner_tensors_are_codes(models: Models, tmp_path: Path) -> None:
    simulator = EmulatorSimulator()
    part = simulator.cut(models, ["silu"], ["sum", "map"], tmp_path)
    described = simulator.describe(part.joint)
    assert [(one.name, one.dtype, one.shape, one.layout) for one in described.inputs] == [
        ("silu", "uint8", (1, 4, 12, 10), "NCHW")
    ]
    assert [(one.name, one.dtype) for one in described.outputs] == [("sum", "uint8"), ("map", "float32")]


def test_the_float_part_takes_codes_and_is_near_the_joints_part(
    models: Models, data: dict[str, bytes], tmp_path: Path
) -> None:
    simulator = EmulatorSimulator()
    first = simulator.cut(models, (), ["silu"], tmp_path / "first")
    part = simulator.cut(models, ["silu"], ["sum"], tmp_path / "part")
    codes = {"silu": simulator.run(first, "joint", data)["silu"].tobytes()}
    apart = simulator.run(part, "onnx", codes)["sum"].astype(int) - simulator.run(part, "joint", codes)["sum"]
    assert abs(apart).max() <= 2


def test_a_part_of_a_part_is_the_part_of_the_whole(models: Models, data: dict[str, bytes], tmp_path: Path) -> None:
    simulator = EmulatorSimulator()
    outer = simulator.cut(models, (), ["both"], tmp_path / "outer")
    inner = simulator.cut(outer, (), ["deep"], tmp_path / "inner")
    direct = simulator.cut(models, (), ["deep"], tmp_path / "direct")
    assert (
        simulator.run(inner, "joint", data)["deep"].tobytes() == simulator.run(direct, "joint", data)["deep"].tobytes()
    )
    origin = load_program(inner.joint).origin
    assert origin is not None
    assert len(origin.program.ops) == len(load_program(models.joint).ops)


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({"fault": "truncated-rounding", "op": "left"}, "left"),
        ({"fault": "weight-bit", "op": "c2"}, "c2"),
        ({"fault": "weight-bit", "seed": "5"}, None),
        ({"fault": "wrong-lut-entry", "seed": "1"}, None),
    ],
)
def test_a_fault_of_the_board_stays_the_same_fault_in_every_part(
    options: dict[str, str], first: str | None, models: Models, data: dict[str, bytes], tmp_path: Path
) -> None:
    simulator = EmulatorSimulator()
    whole = load_program(models.joint)
    seen: dict[str, np.ndarray] = {}
    device = Device(whole, chosen(options))
    device._executor.run(data, tap=seen.__setitem__)
    differing = []
    for op in whole.ops:
        part = simulator.cut(Models(models.joint), (), [op.output], tmp_path)
        program = load_program(part.joint)
        given = bytes(Device(program, chosen(options)).run([data[INPUT]])[0])
        healthy = simulator.run(part, "joint", data)[op.output].tobytes()
        if program.outputs[0].dtype == "uint8":
            assert given == seen[op.output].tobytes(), op.output
        if given != healthy:
            differing.append(op.name)
    assert differing
    assert first is None or differing[0] == first


def test_a_batch_stays_one(tmp_path: Path) -> None:
    write_batch(tmp_path / "b.joint")
    simulator = EmulatorSimulator()
    part = simulator.cut(Models(tmp_path / "b.joint"), (), ["feat"], tmp_path / "part")
    (output,) = simulator.describe(part.joint).outputs
    assert output.shape == (4, 4, 2, 2)


def test_what_cant_be_cut_is_refused_with_a_reason(models: Models) -> None:
    program = load_program(models.joint)
    with pytest.raises(EmulatorError, match="no tensor 'summ'") as refused:
        cut_program(program, (), ["summ"])
    assert "'sum'" in str(refused.value.next_step)
    with pytest.raises(EmulatorError, match="also need the tensor"):
        cut_program(program, ["right"], ["sum"])
    with pytest.raises(EmulatorError, match="no operator between"):
        cut_program(program, ["silu"], ["silu"])
