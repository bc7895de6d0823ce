"""The cmodel's operators that calculate, with another arithmetic after exact accumulators or quotients.

Everything with a multiplier and a shift is among them. Tables aren't (lut, channel_lut, concat): the compiler made
them, and looking up is no arithmetic. Nor is what moves codes, nor `quantize`, which the front end does in float, nor
the CPU part, which no fault of the NPU reaches.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from axpair_emulator.cmodel.accumulate import Accumulator, Convolution
from axpair_emulator.cmodel.kinds import Kinds
from axpair_emulator.cmodel.requant import Rule, rule_of
from axpair_emulator.cmodel.site import Array, Kernel, Site
from axpair_emulator.faults.narrowing import Arithmetic
from axpair_emulator.faults.quotients import div, softmax

Accumulate = Callable[[Sequence[Array]], Array]
"""Operands to exact accumulators, bias included: int64 (outer, channels, inner)."""


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
        if self.kind in DIVIDES:
            return DIVIDES[self.kind](site, self.arithmetic)
        accumulate, rule, top = ACCUMULATES[self.kind](site), _rule(site), site.y.top
        dtype, arithmetic = site.y.dtype, self.arithmetic
        sums_products = self.kind in SUMS_OF_PRODUCTS

        def run(operands: Sequence[Array]) -> Array:
            codes = arithmetic.of_sums(accumulate(operands), rule, top, sums_products)
            return codes.astype(dtype).reshape(site.y.shape)

        return run


def with_arithmetic(kinds: Kinds, change: Callable[[Arithmetic], Arithmetic], named: str) -> Kinds:
    """The kinds with the arithmetic changed, on top of what other faults have changed for all operators."""
    made = dict(kinds)
    for kind in CALCULATE:
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


def _average_pool(site: Site) -> Accumulate:
    kernel, strides, pads = site.numbers("kernel"), site.numbers("strides"), site.numbers("pads")
    out, axes = site.y.shape[2:], len(kernel)

    def accumulate(operands: Sequence[Array]) -> Array:
        x = _centred(operands[0], site, 0)
        # Real 0 around it, far enough for an output that was rounded up.
        after = (max(pads[axes + axis], kernel[axis] + strides[axis]) for axis in range(axes))
        padded = np.pad(x, [(0, 0), (0, 0), *((pads[axis], more) for axis, more in enumerate(after))])
        acc = np.zeros((*x.shape[:2], *out), np.int64)
        for tap in np.ndindex(*kernel):
            starts = zip(tap, out, strides, strict=True)
            window = (slice(at, at + (size - 1) * stride + 1, stride) for at, size, stride in starts)
            seen = (slice(None), slice(None), *window)
            acc += padded[seen]
        # A rule for each place of the output, or one for all.
        return acc.reshape(-1, acc[0, 0].size, 1) if "multiplier" in site.op.arrays else acc.reshape(1, 1, -1)

    return accumulate


SUMS_OF_PRODUCTS = ("conv", "conv_transpose", "gemm", "matmul")
ACCUMULATES: dict[str, Callable[[Site], Accumulate]] = {
    "conv": _conv,
    "conv_transpose": _conv,
    "gemm": _gemm,
    "matmul": _matmul,
    "mul": _mul,
    "add": _add,
    "mean": _mean,
    "average_pool": _average_pool,
}
DIVIDES = {"div": div, "softmax": softmax}
CALCULATE = (*ACCUMULATES, *DIVIDES)
"""All kinds whose arithmetic can be wrong."""
