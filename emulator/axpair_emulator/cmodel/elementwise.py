"""add and mul.

With 8-bit operands there are 65,536 pairs of codes at most. A float32 form of add is tried on all of them while the
operator is prepared and used only if each one gives the rule's code; otherwise a graph holds a table of all pairs.
At 16 bits float64 is used, where every value is a whole multiple of 2^-s below 2^53 of those units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from axpair_emulator.cmodel.bounds import FLOAT32, FLOAT64, reach
from axpair_emulator.cmodel.finish import Finish
from axpair_emulator.cmodel.kernel import kernel_of
from axpair_emulator.cmodel.planes import wide
from axpair_emulator.cmodel.requant import Requantizer, rule_of
from axpair_emulator.cmodel.session import Fragment, Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site
from axpair_emulator.cmodel.staircase import quantised
from axpair_emulator.cmodel.tables import pair_fragment
from axpair_emulator.errors import EmulatorError
from axpair_emulator.program import Tensor

_TRIES = 24


def add(site: Site) -> Kernel:
    """Prepare kind "add"."""
    proven = _proven_add(site)
    return kernel_of(site, proven) if proven else _add_float64(site)


def add_fragment(site: Site) -> Fragment | None:
    """Kind "add" as part of a graph."""
    return _proven_add(site) or pair_fragment(site, _add_float64(site)) or _wide_add(site)


def _add_float64(site: Site) -> Kernel:
    a, b, y = site.tensor(0), site.tensor(1), site.y
    lo, hi = site.number("lo"), site.number("hi")
    first, second = _real_factors(site)
    offset = y.zero_point + 0.5

    def run(operands: Sequence[Array]) -> Array:
        left, right = operands
        total = (left.astype(np.float64) - a.zero_point) * first + (right.astype(np.float64) - b.zero_point) * second
        total += offset
        np.clip(total, lo, hi, out=total)
        return total.astype(y.dtype)

    return run


def _real_factors(site: Site) -> tuple[float, float]:
    """The factors of both operands. Raises EmulatorError where float64 isn't exact with them."""
    a, b, y = site.tensor(0), site.tensor(1), site.y
    (first, second), shift = site.numbers("multipliers"), site.number("shift")
    largest = reach(a) * abs(first) + reach(b) * abs(second) + ((y.zero_point + 1) << shift)
    if largest >= FLOAT64:
        raise EmulatorError(
            f"the operator {site.op.name!r} (add) reaches {largest} units of 2^-{shift}; exact are those below 2^53",
            next_step="build the joint again with this version",
        )
    return float(np.ldexp(float(first), -shift)), float(np.ldexp(float(second), -shift))


def _wide_add(site: Site) -> Fragment:
    factors = _real_factors(site)

    def fragment(graph: Graph, operands: Sequence[str]) -> str:
        terms = [
            graph.node("Mul", [wide(graph, name, site.tensor(index)), graph.constant(np.float64(factors[index]))])
            for index, name in enumerate(operands)
        ]
        total = graph.node("Add", [graph.node("Add", terms), graph.constant(np.float64(site.y.zero_point + 0.5))])
        limits = [graph.constant(np.float64(site.number(name))) for name in ("lo", "hi")]
        return graph.cast(graph.node("Clip", [total, *limits]), site.y.dtype.name)

    return fragment


def _proven_add(site: Site) -> Fragment | None:
    _real_factors(site)
    a, b, y = site.tensor(0), site.tensor(1), site.y
    lo, hi = site.number("lo"), site.number("hi")
    if not a.bits == b.bits == y.bits == 8:
        return None
    scales = _proven_sum(a, b, site.numbers("multipliers"), site.number("shift"), y.zero_point, lo, hi)
    if scales is None:
        return None

    def fragment(graph: Graph, operands: Sequence[str]) -> str:
        terms = [
            graph.centred(name, site.tensor(index).zero_point, scales[index]) for index, name in enumerate(operands)
        ]
        codes = graph.quantised(graph.node("Add", terms), np.asarray(scales[2]), y.zero_point)
        if lo > 0 or hi < y.top:
            codes = graph.node("Clip", [codes, graph.constant(np.uint8(lo)), graph.constant(np.uint8(hi))])
        return codes

    return fragment


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
    proven = _narrow_mul(site)
    if proven is not None:
        return kernel_of(site, proven)
    requantizer = Requantizer(rule_of(site), _mul_bounds(site), site.y)

    def run(operands: Sequence[Array]) -> Array:
        left, right = operands
        acc = (left.astype(np.float64) - a.zero_point) * (right.astype(np.float64) - b.zero_point)
        return requantizer.scalar(acc)

    return run


def mul_fragment(site: Site) -> Fragment | None:
    """Kind "mul" as part of a graph."""
    return _narrow_mul(site) or pair_fragment(site, mul(site)) or _wide_mul(site)


def _narrow_mul(site: Site) -> Fragment | None:
    bounds = _mul_bounds(site)
    if not site.tensor(0).bits == site.tensor(1).bits == site.y.bits == 8 or bounds[0] >= FLOAT32:
        return None
    finish = Finish(rule_of(site), bounds, site.y)
    if not finish.proven:
        return None

    def fragment(graph: Graph, operands: Sequence[str]) -> str:
        terms = [graph.centred(name, site.tensor(index).zero_point) for index, name in enumerate(operands)]
        return finish(graph, [graph.node("Mul", terms)])

    return fragment


def _wide_mul(site: Site) -> Fragment | None:
    finish = Finish(rule_of(site), _mul_bounds(site), site.y, wide=True)
    if not finish.possible:
        return None

    def fragment(graph: Graph, operands: Sequence[str]) -> str:
        terms = [wide(graph, name, site.tensor(index)) for index, name in enumerate(operands)]
        return finish(graph, [graph.node("Mul", terms)])

    return fragment


def _mul_bounds(site: Site) -> Array:
    return np.array([reach(site.tensor(0)) * reach(site.tensor(1))], np.int64)
