"""The cmodel's operators that multiply, add or average, with another arithmetic after exact accumulators.

Tables, Softmax, average_pool and operators that move codes aren't among them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from axpair_emulator.cmodel.accumulate import Accumulator, Convolution
from axpair_emulator.cmodel.kinds import Kinds
from axpair_emulator.cmodel.requant import Rule, rule_of
from axpair_emulator.cmodel.site import Array, Kernel, Site

Accumulate = Callable[[Sequence[Array]], Array]
"""Operands to exact accumulators, bias included: int64 (outer, channels, inner)."""


@dataclasses.dataclass(frozen=True)
class Arithmetic:
    """How accumulators become codes; the default is the rule of `program.py`."""

    rounds: bool = True
    saturates: bool = True
    accumulator_bits: int = 64

    def codes(self, acc: Array, rule: Rule, top: int, accumulates: bool) -> Array:
        """Int64 codes of accumulators; `accumulates` says whether a sum of products made them."""
        if accumulates and self.accumulator_bits < 64:
            half = 1 << (self.accumulator_bits - 1)
            acc = ((acc + half) & (2 * half - 1)) - half
        multiplier, shift = rule.multiplier[:, None], rule.shift[:, None]
        rounding = np.left_shift(np.int64(1), shift - 1) if self.rounds else 0
        codes: Array = np.right_shift(acc * multiplier + rounding, shift) + rule.zero_point
        if self.saturates:
            return np.clip(codes, rule.lo, rule.hi)
        # A fused activation still clamps: a Relu at its zero point, a Clip inside of the range.
        if rule.lo > 0 or rule.lo == rule.zero_point:
            codes = np.maximum(codes, rule.lo)
        if rule.hi < top:
            codes = np.minimum(codes, rule.hi)
        return codes & top


@dataclasses.dataclass(frozen=True)
class Faulty:
    """What prepares an operator of one kind, with the arithmetic of the named operator or of all."""

    kind: str
    healthy: Callable[[Site], Kernel]
    arithmetic: Arithmetic
    named: str

    def __call__(self, site: Site) -> Kernel:
        if self.named not in ("", site.op.name):
            return self.healthy(site)
        accumulate, rule, top = ACCUMULATES[self.kind](site), _rule(site), site.y.top
        dtype, arithmetic = site.y.dtype, self.arithmetic
        sums_products = self.kind in _SUMS_OF_PRODUCTS

        def run(operands: Sequence[Array]) -> Array:
            codes = arithmetic.codes(accumulate(operands), rule, top, sums_products)
            return codes.astype(dtype).reshape(site.y.shape)

        return run


def with_arithmetic(kinds: Kinds, change: Callable[[Arithmetic], Arithmetic], named: str) -> Kinds:
    """The kinds with the arithmetic changed, on top of what other faults have changed for all operators."""
    made = dict(kinds)
    for kind in ACCUMULATES:
        before = kinds[kind]
        known = before.arithmetic if isinstance(before, Faulty) and before.named == named else Arithmetic()
        healthy = before.healthy if isinstance(before, Faulty) and before.named == named else before
        made[kind] = Faulty(kind, healthy, change(known), named)
    return made


def _rule(site: Site) -> Rule:
    if site.op.kind != "add":
        return rule_of(site)
    one, shift = np.ones(1, np.int64), np.array([site.number("shift")], np.int64)
    return Rule(one, shift, site.y.zero_point, site.number("lo"), site.number("hi"))


def _centred(codes: Array, site: Site, index: int) -> Array:
    return codes.astype(np.int64) - site.tensor(index).zero_point


def _conv(site: Site) -> Accumulate:
    transposed = site.op.kind == "conv_transpose"
    names = ("strides", "pads", "dilations", *(("output_padding",) if transposed else ()))
    attributes = {name: list(site.numbers(name)) for name in names if site.op.attrs.get(name) is not None}
    convolution = Convolution(transposed, int(site.op.attrs.get("group", 1)), attributes)
    accumulator = Accumulator(convolution, site.array("weight"), site.x, site.threads)
    bias = site.array("bias").astype(np.int64)[:, None]

    def accumulate(operands: Sequence[Array]) -> Array:
        parts = zip(accumulator(operands[0]), accumulator.factors, strict=True)
        total: Array = sum((part.astype(np.int64) * factor for part, factor in parts), np.int64(0))
        return total.reshape(*total.shape[:2], -1) + bias

    return accumulate


def _gemm(site: Site) -> Accumulate:
    weight, bias = site.array("weight").astype(np.float64), site.array("bias").astype(np.int64)[:, None]

    def accumulate(operands: Sequence[Array]) -> Array:
        rows = _centred(operands[0], site, 0).reshape(-1, weight.shape[0]).astype(np.float64)
        # Sums stay below 2^53: whole numbers, exact.
        acc: Array = (rows @ weight).astype(np.int64)[:, :, None] + bias
        return acc

    return accumulate


def _matmul(site: Site) -> Accumulate:
    def accumulate(operands: Sequence[Array]) -> Array:
        left, right = (_centred(codes, site, index).astype(np.float64) for index, codes in enumerate(operands))
        acc: Array = (left @ right).astype(np.int64).reshape(1, 1, -1)
        return acc

    return accumulate


def _mul(site: Site) -> Accumulate:
    def accumulate(operands: Sequence[Array]) -> Array:
        acc: Array = (_centred(operands[0], site, 0) * _centred(operands[1], site, 1)).reshape(1, 1, -1)
        return acc

    return accumulate


def _add(site: Site) -> Accumulate:
    first, second = site.numbers("multipliers")

    def accumulate(operands: Sequence[Array]) -> Array:
        acc: Array = _centred(operands[0], site, 0) * first + _centred(operands[1], site, 1) * second
        return acc.reshape(1, 1, -1)

    return accumulate


def _mean(site: Site) -> Accumulate:
    def accumulate(operands: Sequence[Array]) -> Array:
        acc: Array = _centred(operands[0], site, 0).sum(axis=site.numbers("axes")).reshape(1, 1, -1)
        return acc

    return accumulate


_SUMS_OF_PRODUCTS = ("conv", "conv_transpose", "gemm", "matmul")
ACCUMULATES: dict[str, Callable[[Site], Accumulate]] = {
    "conv": _conv,
    "conv_transpose": _conv,
    "gemm": _gemm,
    "matmul": _matmul,
    "mul": _mul,
    "add": _add,
    "mean": _mean,
}
