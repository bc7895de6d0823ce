"""Whole programs: the executor against the oracle, its taps, its errors, and its self-test."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from typing import Any

import numpy as np
import pytest
from axpair_emulator.cmodel import selftest
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.errors import EmulatorError, InputError
from axpair_emulator.program import Program
from emulator.oracle import Oracle

from emulator import programs

Array = np.ndarray[Any, Any]
SIZE = 10


@pytest.fixture(scope="module")
def network() -> Program:
    return programs.network(size=SIZE)


def image(seed: int = 0, size: int = SIZE) -> dict[str, bytes]:
    return {"image": np.random.default_rng(seed).integers(0, 256, size * size * 3, np.uint8).tobytes()}


def oracle_codes(program: Program, data: bytes) -> dict[str, Array]:
    planes = np.frombuffer(data, np.uint8).reshape(1, SIZE, SIZE, 3).transpose(0, 3, 1, 2)
    codes = {"bytes": np.ascontiguousarray(planes)}
    for op in program.ops:
        codes[op.output] = Oracle(program, op)(*(codes[name] for name in op.inputs))
    return codes


def test_a_whole_network_equals_the_oracle_in_every_tensor_and_output(network: Program) -> None:
    seen: dict[str, Array] = {}
    outputs = Executor(network).run(image(), tap=lambda name, codes: seen.update({name: codes.copy()}))
    wanted = oracle_codes(network, image()["image"])
    assert list(seen) == [op.output for op in network.ops]
    for name, codes in seen.items():
        np.testing.assert_array_equal(codes, wanted[name], err_msg=name)
        assert len(np.unique(codes)) > 3, f"{name} says little"
    head = (wanted["head"].astype(np.float32) - 128) * np.float32(0.125)
    assert outputs["boxes/map:0"].tobytes() == head.transpose(0, 2, 3, 1).tobytes()
    assert outputs["boxes/map:0"].shape == (1, SIZE // 2, SIZE // 2, 4)
    assert outputs["scores"].tobytes() == ((wanted["scores"].astype(np.float32) - 130) * np.float32(0.0625)).tobytes()


def test_one_operator_runs_on_codes_given_to_it(network: Program) -> None:
    codes = oracle_codes(network, image(1)["image"])
    executor = Executor(network)
    for index, op in enumerate(network.ops):
        got = executor.run_op(index, {name: codes[name] for name in op.inputs})
        np.testing.assert_array_equal(got, codes[op.output])


def test_tensors_are_let_go_after_their_last_use(network: Program) -> None:
    alive: dict[str, weakref.ref[Array]] = {}
    at_the_end: list[str] = []

    def tap(name: str, codes: Array) -> None:
        alive[name] = weakref.ref(codes)
        if name == "scores":
            gc.collect()
            at_the_end.extend(tensor for tensor, held in alive.items() if held() is not None)

    Executor(network).run(image(), tap=tap)
    assert set(at_the_end) <= {"head", "average", "scores"}


def test_what_stands_in_memory_can_be_altered(network: Program) -> None:
    healthy = Executor(network).run(image())
    altered = Executor(network).run(
        image(), alter=lambda name, codes: codes ^ np.uint8(0x80) if name == "average" else codes
    )
    assert altered["boxes/map:0"].tobytes() == healthy["boxes/map:0"].tobytes()
    assert altered["scores"].tobytes() != healthy["scores"].tobytes()


def test_constant_operands_come_from_the_program() -> None:
    random = np.random.default_rng(0)
    program = programs.mul(random, 8)
    a, b = (programs.codes(random, program.tensors[name]) for name in "ab")
    fixed = dataclasses.replace(program, arrays={**program.arrays, "b": b})
    np.testing.assert_array_equal(Executor(fixed).run_op(0, {"a": a}), Executor(program).run_op(0, {"a": a, "b": b}))


def test_missing_and_short_inputs_are_named(network: Program) -> None:
    executor = Executor(network)
    with pytest.raises(InputError, match="'image' is missing"):
        executor.run({"picture": b""})
    with pytest.raises(InputError, match="has 7 bytes; the joint takes 300"):
        executor.run({"image": bytes(7)})


def test_an_unknown_kind_is_named(network: Program) -> None:
    ops = (dataclasses.replace(network.ops[0], kind="erf"), *network.ops[1:])
    with pytest.raises(EmulatorError, match="unknown kind 'erf'"):
        Executor(dataclasses.replace(network, ops=ops))


def test_a_result_of_another_shape_than_declared_is_refused(network: Program) -> None:
    tensors = {**network.tensors, "average": dataclasses.replace(network.tensors["average"], shape=(1, 15))}
    with pytest.raises(EmulatorError, match=r"gave uint8 \(1, 16\); the joint declares uint8 \(1, 15\)"):
        Executor(dataclasses.replace(network, tensors=tensors)).run(image())


@pytest.mark.parametrize(
    ("key", "shape"), [("conv1.weight", (16, 4, 3, 3)), ("conv1.bias", (3,)), ("gemm7.weight", (9, 5))]
)
def test_arrays_that_do_not_fit_end_in_a_sentence(network: Program, key: str, shape: tuple[int, ...]) -> None:
    arrays = {**network.arrays, key: np.ones(shape, network.arrays[key].dtype)}
    with pytest.raises(EmulatorError, match=f"'{key.split('.')[0]}' .* doesn't fit its tensors or arrays"):
        Executor(dataclasses.replace(network, arrays=arrays)).run(image())


def test_every_kernel_leaned_on_is_exact_here() -> None:
    results = dict(selftest.checks())
    assert len(results) == 10
    assert all(results.values())
