"""gemm and matmul: in float32 while the sums stay below 2^24, in float64 beyond (always below 2^53)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.bounds import FLOAT32, absolute_sums, reach
from axpair_emulator.cmodel.finish import Finish
from axpair_emulator.cmodel.kernel import kernel_of
from axpair_emulator.cmodel.planes import wide
from axpair_emulator.cmodel.requant import Requantizer, Rule, rule_of
from axpair_emulator.cmodel.session import Fragment, Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site


def gemm(site: Site) -> Kernel:
    """Prepare kind "gemm": x (..., K) times weight (K, N), requantised per output channel N."""
    fragment = gemm_fragment(site)
    if fragment is not None:
        return kernel_of(site, fragment)
    weight, bias, rule, bounds = _constants(site)
    product, zero = weight.astype(np.float64), site.x.zero_point
    requantizer = Requantizer(rule, bounds, site.y, bias)

    def run(operands: Sequence[Array]) -> Array:
        x = operands[0]
        acc = (x.reshape(-1, x.shape[-1]).astype(np.float64) - zero) @ product
        codes: Array = requantizer(acc[:, :, None]).reshape(*x.shape[:-1], -1)
        return codes

    return run


def gemm_fragment(site: Site) -> Fragment | None:
    """Kind "gemm" as part of a graph."""
    weight, bias, rule, bounds = _constants(site)
    narrow = site.x.bits == 8 and bounds.max() < FLOAT32
    finish = Finish(rule, bounds, site.y, None if narrow else bias)
    if not finish.possible:
        return None

    def add(graph: Graph, operands: Sequence[str]) -> str:
        (x,) = operands
        if not narrow:
            return finish(graph, [graph.node("MatMul", [wide(graph, x, site.x), graph.constant(weight.astype(float))])])
        terms = [graph.centred(x, site.x.zero_point), graph.constant(weight.astype(np.float32))]
        return finish(
            graph, [graph.node("Add", [graph.node("MatMul", terms), graph.constant(bias.astype(np.float32))])]
        )

    return add


def _constants(site: Site) -> tuple[Array, Array, Rule, Array]:
    """Weight, bias, a rule of as many channels, and the accumulators' bounds."""
    weight, bias = site.array("weight"), site.array("bias").astype(np.int64)
    rule = rule_of(site)
    if len(rule) != len(bias):
        rule = dataclasses.replace(
            rule,
            multiplier=np.broadcast_to(rule.multiplier, len(bias)).copy(),
            shift=np.broadcast_to(rule.shift, len(bias)).copy(),
        )
    return weight, bias, rule, absolute_sums(weight, 1) * reach(site.x) + np.abs(bias)


def matmul(site: Site) -> Kernel:
    """Prepare kind "matmul": two tensors, batches broadcasting, one multiplier for all."""
    fragment = matmul_fragment(site)
    if fragment is not None:
        return kernel_of(site, fragment)
    a, b = site.tensor(0), site.tensor(1)
    requantizer = Requantizer(rule_of(site), _matmul_bounds(site), site.y)

    def run(operands: Sequence[Array]) -> Array:
        left, right = (
            codes.astype(np.float64) - tensor.zero_point for codes, tensor in zip(operands, (a, b), strict=True)
        )
        return requantizer.scalar(left @ right)

    return run


def matmul_fragment(site: Site) -> Fragment | None:
    """Kind "matmul" as part of a graph."""
    tensors = site.tensor(0), site.tensor(1)
    bounds = _matmul_bounds(site)
    narrow = tensors[0].bits == tensors[1].bits == 8 and bounds[0] < FLOAT32
    finish = Finish(rule_of(site), bounds, site.y, wide=not narrow)
    if not finish.possible:
        return None

    def add(graph: Graph, operands: Sequence[str]) -> str:
        terms = [
            graph.centred(name, tensor.zero_point) if narrow else wide(graph, name, tensor)
            for name, tensor in zip(operands, tensors, strict=True)
        ]
        return finish(graph, [graph.node("MatMul", terms)])

    return add


def _matmul_bounds(site: Site) -> Array:
    a, b = site.tensor(0), site.tensor(1)
    return np.array([a.shape[-1] * reach(a) * reach(b)], np.int64)
