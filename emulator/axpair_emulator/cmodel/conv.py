"""conv and conv_transpose.

8-bit codes with int8 weights whose bound stays below 2^24 take one pass through onnxruntime, from codes to codes;
all others go through `accumulate.py` and `requant.py`. The bits are the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.accumulate import Accumulator, Convolution
from axpair_emulator.cmodel.bounds import FLOAT32, reach
from axpair_emulator.cmodel.finish import to_codes
from axpair_emulator.cmodel.requant import Requantizer, Rule, rule_of
from axpair_emulator.cmodel.session import Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site


def conv(site: Site) -> Kernel:
    """Prepare kind "conv"."""
    return _prepare(site, transposed=False)


def conv_transpose(site: Site) -> Kernel:
    """Prepare kind "conv_transpose"."""
    return _prepare(site, transposed=True)


def _prepare(site: Site, transposed: bool) -> Kernel:
    names = ("strides", "pads", "dilations", *(("output_padding",) if transposed else ()))
    attributes = {name: list(site.numbers(name)) for name in names if site.op.attrs.get(name) is not None}
    convolution = Convolution(transposed, int(site.op.attrs.get("group", 1)), attributes)
    weight, bias = site.array("weight"), site.array("bias").astype(np.int64)
    rule = _per_channel(rule_of(site), len(bias))
    bounds = convolution.sums(weight) * reach(site.x) + np.abs(bias)
    # A dead channel's accumulator doesn't count, so it needn't be in bounds.
    dead = rule.multiplier == 0
    bounds[dead] = 0
    if site.x.bits == 8 and site.y.bits == 8 and weight.dtype.itemsize == 1 and bounds.max() < FLOAT32:
        return _one_pass(site, convolution, weight, bias, rule, bounds, dead)
    accumulator = Accumulator(convolution, weight, site.x, site.threads)
    bounds = accumulator.bounds + np.abs(bias)
    return _in_parts(accumulator, Requantizer(rule, bounds, site.y, bias, accumulator.factors))


def _one_pass(
    site: Site, convolution: Convolution, weight: Array, bias: Array, rule: Rule, bounds: Array, dead: Array
) -> Kernel:
    grouped = convolution.by_group(weight).copy()
    grouped.reshape(len(bias), -1)[dead] = 0
    graph = Graph()
    graph.input("x", "uint8")
    centred = graph.centred("x", site.x.zero_point)
    weights = graph.constant("w", convolution.as_onnx(grouped).astype(np.float32))
    biases = graph.constant("b", np.where(dead, 0, bias).astype(np.float32))
    options = {"group": convolution.group, **convolution.attributes}
    graph.node(convolution.kind, [centred, weights, biases], "acc", **options)
    return to_codes(graph, ["x"], rule, bounds, site.y, site.threads, convolution.blocked)


def _in_parts(accumulator: Accumulator, requantizer: Requantizer) -> Kernel:
    def run(operands: Sequence[Array]) -> Array:
        parts = accumulator(operands[0])
        batch, channels = parts[0].shape[:2]
        flat = requantizer(*(part.reshape(batch, channels, -1) for part in parts))
        codes: Array = flat.reshape(parts[0].shape)
        return codes

    return run


def _per_channel(rule: Rule, channels: int) -> Rule:
    """The rule with one multiplier and shift for each channel."""
    return dataclasses.replace(
        rule,
        multiplier=np.broadcast_to(rule.multiplier, channels).copy(),
        shift=np.broadcast_to(rule.shift, channels).copy(),
    )
