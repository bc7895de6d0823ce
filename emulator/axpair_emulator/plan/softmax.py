"""Softmax: a table of exponentials, and one rounding division in integers."""

from __future__ import annotations

import numpy as np

from axpair_emulator.plan.lowering import Lowering, Placement, first_input
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.fixed_point import fixed_point

EXP_BITS = {8: 24, 16: 30}
"""By the input's bits. Of thousands of terms, each rounded, 24 bits would show in a sum of 16 bits."""
MULTIPLIER_BITS = 20


def _softmax(step: Step, program: Lowering) -> None:
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    distances = np.arange(source.top + 1, dtype=np.float64) * source.scale
    table = np.rint(np.exp(-distances) * (1 << EXP_BITS[source.bits])).astype(np.int64)
    multiplier, shift = fixed_point(1.0 / result.scale, MULTIPLIER_BITS)
    axis = int(step.node.attrs.get("axis", -1)) % len(source.shape)
    attrs = {"axis": axis, "multiplier": multiplier, "shift": shift}
    program.emit("softmax", step, step.inputs, step.output, attrs, {"table": table})


PLACEMENTS = {"Softmax": Placement(_softmax, first_input)}
