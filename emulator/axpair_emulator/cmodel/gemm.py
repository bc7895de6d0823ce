"""gemm and matmul: in float32 while the sums stay below 2^24, in float64 beyond (always below 2^53)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.bounds import FLOAT32, absolute_sums, reach
from axpair_emulator.cmodel.finish import to_codes
from axpair_emulator.cmodel.requant import Requantizer, Rule, rule_of
from axpair_emulator.cmodel.session import Graph, Session
from axpair_emulator.cmodel.site import Array, Kernel, Site


def gemm(site: Site) -> Kernel:
    """Prepare kind "gemm": x (..., K) times weight (K, N), requantised per output channel N."""
    weight, bias = site.array("weight"), site.array("bias").astype(np.int64)
    rule = rule_of(site)
    if len(rule) != len(bias):
        rule = dataclasses.replace(
            rule,
            multiplier=np.broadcast_to(rule.multiplier, len(bias)).copy(),
            shift=np.broadcast_to(rule.shift, len(bias)).copy(),
        )
    bounds = absolute_sums(weight, 1) * reach(site.x) + np.abs(bias)
    kernel = (
        _gemm_float32(site, weight, bias, rule, bounds)
        if site.x.bits == 8 and site.y.bits == 8 and bounds.max() < FLOAT32
        else _gemm_float64(site, weight, Requantizer(rule, bounds, site.y, bias))
    )

    def run(operands: Sequence[Array]) -> Array:
        (x,) = operands
        return kernel([x.reshape(-1, x.shape[-1])]).reshape(*x.shape[:-1], -1)

    return run


def _gemm_float32(site: Site, weight: Array, bias: Array, rule: Rule, bounds: Array) -> Kernel:
    graph = Graph()
    graph.input("x", "uint8")
    product = graph.node(
        "MatMul", [graph.centred("x", site.x.zero_point), graph.constant("w", weight.astype(np.float32))], "product"
    )
    graph.node("Add", [product, graph.constant("b", bias.astype(np.float32))], "acc")
    return to_codes(graph, ["x"], rule, bounds, site.y, site.threads)


def _gemm_float64(site: Site, weight: Array, requantizer: Requantizer) -> Kernel:
    product, wide, zero = _product(site.threads), weight.astype(np.float64), site.x.zero_point

    def run(operands: Sequence[Array]) -> Array:
        acc = product(a=operands[0].astype(np.float64) - zero, b=wide)[0]
        codes: Array = requantizer(acc[:, :, None])[:, :, 0]
        return codes

    return run


def matmul(site: Site) -> Kernel:
    """Prepare kind "matmul": two tensors, batches broadcasting, one multiplier for all."""
    a, b = site.tensor(0), site.tensor(1)
    rule = rule_of(site)
    terms = a.shape[-1]
    bounds = np.array([terms * reach(a) * reach(b)], np.int64)
    if a.bits == b.bits == site.y.bits == 8 and bounds[0] < FLOAT32:
        graph = Graph()
        graph.input("a", "uint8")
        graph.input("b", "uint8")
        graph.node("MatMul", [graph.centred("a", a.zero_point), graph.centred("b", b.zero_point)], "acc")
        return to_codes(graph, ["a", "b"], rule, bounds, site.y, site.threads)
    product, requantizer = _product(site.threads), Requantizer(rule, bounds, site.y)

    def run(operands: Sequence[Array]) -> Array:
        left, right = operands
        acc = product(a=left.astype(np.float64) - a.zero_point, b=right.astype(np.float64) - b.zero_point)[0]
        return requantizer.scalar(acc)

    return run


def _product(threads: int) -> Session:
    graph = Graph()
    graph.input("a", "float64")
    graph.input("b", "float64")
    graph.node("MatMul", ["a", "b"], "product")
    graph.output("product", "float64")
    return graph.session(threads)
