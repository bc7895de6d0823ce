"""Sums, products and quotients of two tensors. With a scalar constant they are part of a chain, which is a table."""

from __future__ import annotations

import numpy as np

from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.constants import quantise_constants
from axpair_emulator.plan.fit import Unfit, known
from axpair_emulator.plan.lowering import Lowering, Placement, all_inputs, first_input
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.activations import codes_of, values_of_all_codes
from axpair_emulator.quantize.fixed_point import common_shift, fixed_point

SUM_BITS = {8: (14, 22), 16: (22, 30)}
"""Feature bits to (bits of a multiplier, largest shift): at 8 bit every partial sum fits 24 bits."""

MAX_QUOTIENT_SHIFT = 44
"""So that a 16-bit denominator, shifted, stays below 2^62."""


def _add(step: Step, program: Lowering) -> None:
    _sum(step, program, 1.0)


def _sub(step: Step, program: Lowering) -> None:
    _sum(step, program, -1.0)


def _sum(step: Step, program: Lowering, sign: float) -> None:
    quantise_constants(step, program)
    first, second = (program.tensors[name] for name in step.inputs)
    scale = program.tensors[step.output].scale
    bits, max_shift = SUM_BITS[max(first.bits, second.bits)]
    multipliers, shift = common_shift((first.scale / scale, sign * second.scale / scale), bits, max_shift)
    attrs = {"multipliers": list(multipliers), "shift": shift, **program.clamp(step)}
    program.emit("add", step, step.inputs, step.output, attrs)


def _mul(step: Step, program: Lowering) -> None:
    quantise_constants(step, program)
    first, second = (program.tensors[name] for name in step.inputs)
    multiplier, shift = fixed_point(first.scale * second.scale / program.tensors[step.output].scale)
    attrs = {"multiplier": multiplier, "shift": shift, **program.clamp(step)}
    program.emit("mul", step, step.inputs, step.output, attrs)


def _div(step: Step, program: Lowering) -> None:
    quantise_constants(step, program)
    above, below = (program.tensors[name] for name in step.inputs)
    multiplier, shift = fixed_point(above.scale / below.scale / program.tensors[step.output].scale)
    if shift > MAX_QUOTIENT_SHIFT:
        multiplier, shift = multiplier >> (shift - MAX_QUOTIENT_SHIFT), MAX_QUOTIENT_SHIFT
    attrs = {"multiplier": multiplier, "shift": shift, **program.clamp(step)}
    program.emit("div", step, step.inputs, step.output, attrs)


def _check_slopes(node: Node, graph: Graph) -> None:
    slopes, shape = known(node, graph, 1, "slope"), graph.shapes[node.input(0)]
    wanted = (shape[1], *(1,) * (len(shape) - 2)) if len(shape) > 1 else ()
    if slopes.shape not in (wanted, (1, *wanted)):
        raise Unfit(f"its slopes have the shape {slopes.shape}; one for all or one a channel is handled")


def _leaky(step: Step, program: Lowering) -> None:
    """PRelu with a slope for each channel."""
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    slopes = program.constant(step.node.input(1)).astype(np.float64).ravel()
    values = values_of_all_codes(source)[None, :]
    table = codes_of(np.where(values < 0, values * slopes[:, None], values), result)
    program.emit("channel_lut", step, step.inputs, step.output, arrays={"table": table})


def _unary_only(node: Node, graph: Graph) -> None:
    raise Unfit("it combines several tensors; only a scalar constant is handled")


def _never(step: Step, program: Lowering) -> None:
    raise AssertionError(f"{step.node.op_type} is part of a chain, or on the CPU")


PLACEMENTS = {
    "Add": Placement(_add, all_inputs, clamps=True),
    "Sub": Placement(_sub, all_inputs, clamps=True),
    "Mul": Placement(_mul, all_inputs, clamps=True),
    "Div": Placement(_div, all_inputs, clamps=True),
    "PRelu": Placement(_leaky, first_input, check=_check_slopes),
    "Pow": Placement(_never, all_inputs, check=_unary_only),
}
