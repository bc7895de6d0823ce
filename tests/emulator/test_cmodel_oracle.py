"""Every kind of operator: the cmodel's codes are those of the naive oracle, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.cmodel.kinds import KINDS
from axpair_emulator.program import Tensor
from emulator.oracle import Oracle

from emulator import programs

CASES = [
    (kind, bits, wide)
    for kind in sorted(programs.KINDS)
    for bits in (8, 16)
    for wide in (False, True)
    if not wide or kind in ("conv", "conv_transpose", "gemm")
]


@pytest.mark.parametrize(("kind", "bits", "wide"), CASES)
def test_an_operator_equals_the_oracle_on_random_and_extreme_codes(kind: str, bits: int, wide: bool) -> None:
    for seed in range(12):
        random = np.random.default_rng([seed, bits, wide, *kind.encode()])
        program = programs.KINDS[kind](random, bits, wide)
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


def test_every_kind_is_held_against_the_oracle() -> None:
    assert {*programs.KINDS, "quantize"} == set(KINDS)
