"""Every kind of operator: the cmodel's codes are those of the naive oracle, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.cmodel.kinds import KINDS
from axpair_emulator.program import Tensor
from emulator.oracle import Oracle
from emulator.picking_programs import KINDS as KINDS_OF_PROGRAMS

from emulator import programs

CASES = [
    (kind, bits, wide)
    for kind in sorted(KINDS_OF_PROGRAMS)
    for bits in (8, 16)
    for wide in (False, True)
    if not wide or kind in ("conv", "conv_transpose", "gemm")
]


@pytest.mark.parametrize(("kind", "bits", "wide"), CASES)
def test_an_operator_equals_the_oracle_on_random_and_extreme_codes(kind: str, bits: int, wide: bool) -> None:
    for seed in range(12):
        random = np.random.default_rng([seed, bits, wide, *kind.encode()])
        program = KINDS_OF_PROGRAMS[kind](random, bits, wide)
        operands = {name: programs.codes(random, program.tensors[name]) for name in program.ops[0].inputs}
        got = Executor(program).run_op(0, operands)
        wanted = Oracle(program, program.ops[0])(*operands.values())
        np.testing.assert_array_equal(got, wanted, err_msg=f"seed {seed}: {program.ops[0].attrs}")
        assert got.dtype == wanted.dtype


def test_quantize_equals_the_oracle_also_on_values_that_are_no_numbers() -> None:
    y = Tensor("y", (1, 12), float(np.float32(0.0371)), 117)
    program = programs.one_op("quantize", {}, y)
    object.__setattr__(program.ops[0], "inputs", ("x",))
    special = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e38, -1e38, y.scale / 2, -y.scale / 2, 1.5 * y.scale, 3.3, -4.4]
    x = np.array([special], np.float32)
    got = Executor(program).run_op(0, {"x": x})
    np.testing.assert_array_equal(got, Oracle(program, program.ops[0])(x))
    assert got[0, 2] == 117


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16"])
@pytest.mark.parametrize("bits", [8, 16])
def test_affine_equals_the_oracle_on_random_and_extreme_numbers(dtype: str, bits: int) -> None:
    limits = np.iinfo(dtype)
    for seed in range(12):
        random = np.random.default_rng([seed, bits, *dtype.encode()])
        shape = (2, 3, 4, 5) if seed % 2 else (3, 7)
        y = programs.tensor(random, "y", shape, bits)
        channels = 3 if seed % 2 else 1
        shift = int(random.integers(1, 40))
        arrays = {
            "multiplier": random.integers(-(1 << 22), (1 << 22) + 1, channels),
            "offset": random.integers(-(1 << shift + bits), 1 << shift + bits, channels),
        }
        program = programs.one_op("affine", {}, y, {"shift": shift}, arrays)
        object.__setattr__(program.ops[0], "inputs", ("x",))
        x = random.integers(limits.min, limits.max + 1, shape).astype(dtype)
        x.ravel()[:2] = limits.min, limits.max
        wanted = Oracle(program, program.ops[0])(x)
        np.testing.assert_array_equal(Executor(program).run_op(0, {"x": x}), wanted, err_msg=f"seed {seed}")


@pytest.mark.parametrize("bits", [8, 16])
def test_lookup_equals_the_oracle_also_on_rows_that_there_are_not(bits: int) -> None:
    for seed in range(6):
        random = np.random.default_rng([seed, bits])
        y = programs.tensor(random, "y", (2, 3, 4), bits)
        table = random.integers(0, y.top + 1, (7, 4)).astype(y.dtype)
        program = programs.one_op("lookup", {}, y, {}, {"table": table})
        object.__setattr__(program.ops[0], "inputs", ("x",))
        x = random.integers(-2, 9, (2, 3)).astype(np.int32)
        x.ravel()[:2] = np.iinfo(np.int32).min, np.iinfo(np.int32).max
        wanted = Oracle(program, program.ops[0])(x)
        np.testing.assert_array_equal(Executor(program).run_op(0, {"x": x}), wanted, err_msg=f"seed {seed}")


def test_every_kind_is_held_against_the_oracle() -> None:
    assert {*KINDS_OF_PROGRAMS, "affine", "lookup", "quantize"} == set(KINDS)
