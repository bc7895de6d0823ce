"""Every kind of operator and what prepares it: one line to add one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from axpair_emulator.cmodel import (
    choice,
    color,
    conv,
    elementwise,
    gemm,
    lut,
    pooling,
    quantize,
    quotient,
    resize,
    shapes,
    softmax,
)
from axpair_emulator.cmodel.site import Kernel, Site

Kinds = Mapping[str, Callable[[Site], Kernel]]

KINDS: Kinds = {
    "add": elementwise.add,
    "affine": quantize.affine,
    "average_pool": pooling.average_pool,
    "channel_lut": lut.channel_lut,
    "color_matrix": color.color_matrix,
    "concat": lut.concat,
    "conv": conv.conv,
    "conv_transpose": conv.conv_transpose,
    "div": quotient.div,
    "gather": choice.gather,
    "gemm": gemm.gemm,
    "lookup": choice.table_rows,
    "lut": lut.lut,
    "matmul": gemm.matmul,
    "max_pool": pooling.max_pool,
    "maximum": choice.maximum,
    "mean": pooling.mean,
    "minimum": choice.minimum,
    "mul": elementwise.mul,
    "pad": shapes.pad,
    "quantize": quantize.quantize,
    "reduce_max": choice.reduce_max,
    "reduce_min": choice.reduce_min,
    "reshape": shapes.reshape,
    "resize_linear": resize.resize_linear,
    "resize_nearest": shapes.resize_nearest,
    "slice": shapes.slice_,
    "softmax": softmax.softmax,
    "transpose": shapes.transpose,
    "yuv_planes": color.yuv_planes,
}
