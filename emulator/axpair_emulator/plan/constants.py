"""Constant operands: quantised over their own extremes, their codes kept in the program."""

from __future__ import annotations

from axpair_emulator.plan.lowering import Lowering
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.activations import codes_of, quantised_tensor


def quantise_constants(step: Step, program: Lowering) -> None:
    """Makes a tensor with codes of every operand of the step that is a constant."""
    bits = program.tensors[step.output].bits
    for name in step.inputs:
        if name in program.graph.constants and name not in program.tensors:
            values = program.graph.constants[name]
            low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
            tensor = quantised_tensor(name, tuple(values.shape), low, high, bits)
            program.tensors[name] = tensor
            program.arrays[name] = codes_of(values, tensor)
