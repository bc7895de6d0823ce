"""The last step of a graph whose accumulators are exact in float32: requantisation to 8 bits in the same pass.

Channels whose float32 step isn't proven equal to the rule are done again from the accumulators by `requant.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.bounds import FLOAT32
from axpair_emulator.cmodel.requant import Requantizer, Rule
from axpair_emulator.cmodel.session import Graph
from axpair_emulator.cmodel.site import Array, Kernel
from axpair_emulator.cmodel.staircase import proven_scales
from axpair_emulator.program import Tensor


def to_codes(
    graph: Graph, inputs: Sequence[str], rule: Rule, bounds: Array, output: Tensor, threads: int, blocked: bool = False
) -> Kernel:
    """Complete a graph whose tensor "acc" holds accumulators, and make it a kernel from operands to uint8 codes.

    `inputs` name the graph's inputs in the operands' order. `bounds` are below 2^24. With more than one channel in
    the rule they are along axis 1.
    """
    assert bounds.max(initial=0) < FLOAT32, "the accumulators aren't exact in float32"
    scales, proven = proven_scales(rule, bounds)
    unproven = np.flatnonzero(~proven)
    requantizer = Requantizer(rule, bounds, output)
    one = len(rule) == 1
    if proven.any():
        graph.output(graph.quantised("acc", scales[0] if one else scales, rule.zero_point), "uint8")
    if len(unproven):
        graph.output("acc", "float32")
    session = graph.session(threads, blocked)
    narrow = rule.lo > 0 or rule.hi < output.top

    def run(operands: Sequence[Array]) -> Array:
        results = session(**dict(zip(inputs, operands, strict=True)))
        if proven.any():
            codes = results[0]
            if narrow:
                np.clip(codes, rule.lo, rule.hi, out=codes)
        else:
            codes = np.empty(results[0].shape, np.uint8)
        if len(unproven):
            acc = results[-1]
            shape = (1, 1, -1) if one else (*acc.shape[:2], -1)
            requantizer.into(codes.reshape(shape), [acc.reshape(shape)], unproven)
        return codes

    return run
