"""What can be part of a larger graph: one line for each kind. All others are kernels of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from axpair_emulator.cmodel import conv, elementwise, gemm, lut, pooling, quotient, shapes
from axpair_emulator.cmodel.session import Fragment
from axpair_emulator.cmodel.site import Site

FRAGMENTS: Mapping[str, Callable[[Site], Fragment | None]] = {
    "add": elementwise.add_fragment,
    "channel_lut": lut.channel_lut_fragment,
    "concat": lut.concat_fragment,
    "conv": conv.conv_fragment,
    "conv_transpose": conv.conv_transpose_fragment,
    "div": quotient.div_fragment,
    "gemm": gemm.gemm_fragment,
    "lut": lut.lut_fragment,
    "matmul": gemm.matmul_fragment,
    "max_pool": pooling.max_pool_fragment,
    "mean": pooling.mean_fragment,
    "mul": elementwise.mul_fragment,
    "pad": shapes.pad_fragment,
    "reshape": shapes.reshape_fragment,
    "resize_nearest": shapes.resize_nearest_fragment,
    "slice": shapes.slice_fragment,
    "transpose": shapes.transpose_fragment,
}
"""None where the operator's numbers don't allow it."""
