"""add and mul.

With 8-bit operands there are 65,536 pairs of codes at most. A float32 form of add is tried on all of them while the
operator is prepared and used only if each one gives the rule's code; otherwise, and at 16 bits, float64 is used,
where every value is a whole multiple of 2^-s below 2^53 of those units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from axpair_emulator.cmodel.bounds import FLOAT32, FLOAT64, reach
from axpair_emulator.cmodel.finish import to_codes
from axpair_emulator.cmodel.requant import Requantizer, rule_of
from axpair_emulator.cmodel.session import Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site
from axpair_emulator.cmodel.staircase import quantised
from axpair_emulator.errors import EmulatorError
from axpair_emulator.program import Tensor

_TRIES = 24


def add(site: Site) -> Kernel:
    """Prepare kind "add"."""
    a, b, y = site.tensor(0), site.tensor(1), site.y
    factors, shift = site.numbers("multipliers"), site.number("shift")
    lo, hi = site.number("lo"), site.number("hi")
    largest = reach(a) * abs(factors[0]) + reach(b) * abs(factors[1]) + ((y.zero_point + 1) << shift)
    if largest >= FLOAT64:
        raise EmulatorError(
            f"the operator {site.op.name!r} (add) reaches {largest} units of 2^-{shift}; exact are those below 2^53",
            next_step="build the joint again with this version",
        )
    if a.bits == b.bits == y.bits == 8:
        scales = _proven_sum(a, b, factors, shift, y.zero_point, lo, hi)
        if scales is not None:
            return _add_float32(site, scales, lo, hi)
    first, second = (float(np.ldexp(float(factor), -shift)) for factor in factors)
    offset = y.zero_point + 0.5

    def run(operands: Sequence[Array]) -> Array:
        left, right = operands
        total = (left.astype(np.float64) - a.zero_point) * first + (right.astype(np.float64) - b.zero_point) * second
        total += offset
        np.clip(total, lo, hi, out=total)
        return total.astype(y.dtype)

    return run


def _add_float32(site: Site, scales: tuple[np.float32, np.float32, np.float32], lo: int, hi: int) -> Kernel:
    graph = Graph()
    graph.input("a", "uint8")
    graph.input("b", "uint8")
    terms = [graph.centred(name, site.tensor(index).zero_point, scales[index]) for index, name in enumerate(("a", "b"))]
    graph.node("Add", terms, "sum")
    graph.output(graph.quantised("sum", np.asarray(scales[2]), site.y.zero_point), "uint8")
    session = graph.session(site.threads)

    def run(operands: Sequence[Array]) -> Array:
        codes = session(a=operands[0], b=operands[1])[0]
        if lo > 0 or hi < site.y.top:
            np.clip(codes, lo, hi, out=codes)
        return codes

    return run


def _proven_sum(
    a: Tensor, b: Tensor, factors: Sequence[int], shift: int, zero_point: int, lo: int, hi: int
) -> tuple[np.float32, np.float32, np.float32] | None:
    """Scales of both terms and of the sum with which float32 gives the rule's code for every pair; None if none do."""
    left = np.arange(256, dtype=np.int64)[:, None] - a.zero_point
    right = np.arange(256, dtype=np.int64)[None, :] - b.zero_point
    total = left * factors[0] + right * factors[1]
    wanted = np.clip(((total + (1 << shift >> 1)) >> shift) + zero_point, lo, hi)
    for scale_a, scale_b, scale in _scales(factors, shift):
        terms = left.astype(np.float32) * scale_a + right.astype(np.float32) * scale_b
        if (np.clip(quantised(terms, scale, zero_point), lo, hi) == wanted).all():
            return scale_a, scale_b, scale
    return None


def _scales(factors: Sequence[int], shift: int) -> Iterator[tuple[np.float32, np.float32, np.float32]]:
    """Float32 scales next to the exact ones; nearness is all that is asked, as every pair is checked."""
    first, second = (np.float32(np.ldexp(float(factor), -shift)) for factor in factors)
    for step in range(_TRIES):
        away = (step + 1) // 2 * (1 if step % 2 else -1)
        yield first, second, (np.float32(1).view(np.int32) + np.int32(away)).view(np.float32)


def mul(site: Site) -> Kernel:
    """Prepare kind "mul"."""
    a, b = site.tensor(0), site.tensor(1)
    rule = rule_of(site)
    bounds = np.array([reach(a) * reach(b)], np.int64)
    if a.bits == b.bits == site.y.bits == 8 and bounds[0] < FLOAT32:
        graph = Graph()
        graph.input("a", "uint8")
        graph.input("b", "uint8")
        graph.node("Mul", [graph.centred("a", a.zero_point), graph.centred("b", b.zero_point)], "acc")
        return to_codes(graph, ["a", "b"], rule, bounds, site.y, site.threads)
    requantizer = Requantizer(rule, bounds, site.y)

    def run(operands: Sequence[Array]) -> Array:
        left, right = operands
        acc = (left.astype(np.float64) - a.zero_point) * (right.astype(np.float64) - b.zero_point)
        return requantizer.scalar(acc)

    return run
