"""The compiled model: an ordered list of integer operators over quantised tensors.

This is the contract between the compiler (`plan/`, which makes it), the reference engine (which rebuilds it in
float) and the cmodel (which executes it). How the chip does its arithmetic is undocumented; what stands here is our
own choice, made so that every step is exact in int64 and, within proven bounds, in float64 and float32 too.

Codes. A tensor's elements are unsigned integers of `bits` (8 or 16) bits; real = (code - zero_point) * scale.

Requantisation, written RQ(acc; m, s, zp, lo, hi):  clamp(floor((acc * m + 2^(s-1)) / 2^s) + zp, lo, hi)
with 0 <= m < 2^22 and 1 <= s <= 52, |acc| < 2^31 (2^40 where a tensor has 16 bits). A channel whose real multiplier
is below 2^-31 has m = 0, s = 1.

Operators (`kind`), x = input codes, z_x its zero point; every array is named in `arrays` under its role:

  channel_lut        y[n,c,...] = table[c, x[n,c,...]]; roles: table (C, 2^bits) of the output's dtype
  quantize           x is float32 (a FLOAT32 input): y = clamp(floor(x / scale + 0.5) + zp) in float64;
                     NaN gives zp
  lookup             x are the whole numbers of an input: y[i..., :] = table[clamp(k, 0, V - 1)], in y's shape, with
                     k = x[i...], or V + x[i...] where that is negative, since ONNX counts from the end;
                     roles: table (V, M) of the output's dtype
  affine             x are the whole numbers of an INT8, INT16 or UINT16 input, |x| <= 2^16:
                     y = clamp(floor((x * m_c + b_c + 2^(s-1)) / 2^s) + zp), c the index of axis 1 where x has four
                     axes, else 0; roles: multiplier m int64 (C), |m| <= 2^22, offset b int64 (C), |b| < 2^52;
                     attrs: shift s
  yuv_planes         bytes move: of x (N, 1, 3H/2, W), an NV12 or NV21 picture, Y, U and V of every pixel (N, 3, H, W);
                     y[n,0,i,j] = x[n,0,i,j]; the pair of pixel (i, j) stands in row H + i//2 from column 2*(j//2) on,
                     U first, or V where attrs: v_first is 1
  color_matrix       y[n,c,i,j] = clamp(floor((sum over k of a[c,k] * x[n,k,i,j] + b[c] + 2^(s-1)) / 2^s), 0, 255);
                     bytes on both sides; attrs: matrix a (flat, row by row), offsets b, shift s; every partial sum
                     stays between -2^24 and 2^24
  conv               acc = sum w * (x - z_x) + bias; RQ per output channel; roles: weight int8 or int16
                     (O, I/g, kH, kW), bias int32 (O), multiplier int64 (O), shift int64 (O);
                     attrs: strides, pads, dilations, group, lo, hi
  conv_transpose     the same with weight (I, O/g, kH, kW); attrs: also output_padding
  gemm               acc = (x - z_x) @ w + bias over the last axis; roles as conv, weight (K, N); attrs: lo, hi
  matmul             acc = (a - z_a) @ (b - z_b); attrs: multiplier, shift, lo, hi
  lut                y = table[x]; roles: table (2^bits)
  add                acc = (a - z_a) * ma + (b - z_b) * mb; y = clamp(floor((acc + 2^(s-1)) / 2^s) + zp, lo, hi);
                     broadcasting; attrs: multipliers [ma, mb] (signed: a subtraction has mb < 0), shift, lo, hi
  mul                acc = (a - z_a) * (b - z_b); RQ; broadcasting; attrs: multiplier, shift, lo, hi
  div                n = a - z_a, d = b - z_b; with d < 0 both change sign;
                     y = clamp(floor((2*n*m + d*2^s) / (d*2^(s+1))) + zp, lo, hi); where d = 0: hi, lo or zp for a
                     positive, negative or zero n; broadcasting; attrs: multiplier m, shift s (<= 44), lo, hi
  concat             y = concatenation of table_i[x_i]; roles: table_0, table_1, ...; attrs: axis
  mean               acc = sum of (x - z_x) over axes; RQ; attrs: axes, keepdims, multiplier, shift, lo, hi
  max_pool           codes move; attrs: kernel, strides, pads, dilations (padding never wins)
  average_pool       acc = sum of (x - z_x) in the window, padding counts as 0; RQ; attrs: kernel, strides, pads,
                     multiplier, shift, lo, hi
                     Where windows at the edges divide by less, multiplier and shift are roles, int64 (H' * W'), one
                     for each place of the output
  reduce_max, reduce_min
                     codes move: the largest, or smallest, over axes; attrs: axes, keepdims
  maximum, minimum   y = the largest, or smallest, of table_i[x_i]; broadcasting; roles: table_0, table_1, ...
  softmax            d = max(x) - x; e = table[d]; S = sum e;
                     y = clamp(floor((2*e*m + S*2^s) / (S*2^(s+1))) + zp, 0, top);
                     roles: table int64 (2^bits), entries <= 2^24 (2^30 where x has
                     16 bits); attrs: axis, multiplier m (< 2^20), shift s
  resize_nearest     codes repeat; attrs: factors [fH, fW] (whole numbers)
  resize_linear      acc = sum over the product of each axis' two taps of x[taps] * (product of their weights);
                     y = zp + the whole number nearest to acc / 2^t - zp, the even one of two, t = bits * number of
                     axes (halves are common here, and going one way they would shift whole pictures); roles for each
                     axis k: taps_k int64 (n, 2), indices along it, and weights_k int64 (n, 2), none negative, rows
                     adding up to 2^bits; attrs: axes, bits
  gather             codes move: for each axis k of attrs axes, only its indices_k come out, in their order; the
                     result, row by row, takes y's shape; roles: indices_0, indices_1, ... int64
  reshape, transpose, slice, pad
                     codes move; attrs: shape | perm | starts, ends, axes, steps | pads, value (a code),
                     reflect (1: mirrored at the edges, which aren't repeated; no negative pads then)

Constant operands of add, mul and matmul are tensors whose codes stand in `arrays` under the tensor's name.
Operators that move codes have the same scale and zero point on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from axpair_proto.names import joint_name

WIDEST_PAD = 1 << 12
"""Of a window, on each side."""


@dataclass(frozen=True)
class Tensor:
    """A quantised tensor. `shape` is in the ONNX model's own axis order, batch included."""

    name: str
    shape: tuple[int, ...]
    scale: float
    """Always a float32 value; the quantisation step in real units."""
    zero_point: int
    bits: int = 8

    @property
    def top(self) -> int:
        """Largest code."""
        return (1 << self.bits) - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or uint16."""
        return np.dtype(np.uint8 if self.bits == 8 else np.uint16)


@dataclass(frozen=True)
class Op:
    """One operator; see the module's text for what each kind computes."""

    kind: str
    name: str
    """Of the ONNX node that it comes from (the last one, where several were fused)."""
    inputs: tuple[str, ...]
    output: str
    attrs: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, str] = field(default_factory=dict)
    """Role to key in `Program.arrays`."""
    sources: tuple[str, ...] = ()
    """All ONNX nodes fused into it."""


@dataclass(frozen=True)
class Port:
    """An input or output of the joint and the program's tensor behind it.

    Inputs: the joint's bytes, in `layout` and `dtype`, become the codes (uint8), whole numbers (int8, int16, uint16,
    int32) or values (float32) named `tensor` in NCHW order; the operators that read it do the rest. `q` of an input
    says what its whole numbers mean (real value = number / q); the operators know it already.
    Outputs: FLOAT32 is (code - zero_point) * scale in float32; integers with Q are
    clamp(floor(value * q + 0.5)) in float64; both then go into `layout`.
    """

    name: str
    tensor: str
    dtype: str
    shape: tuple[int, ...]
    """In `layout`."""
    layout: str
    """"NHWC", "NCHW", or "" for tensors that don't have four axes."""
    color_space: str = ""
    """"BGR", "RGB", "GRAY", "NV12", "NV21", "BGR0", or "" for what is no image. NV12 and NV21 have one channel and half
    as many rows again as the picture."""
    q: int = 0
    cpu_part: bool = False
    """The output is made by the CPU part; `tensor` is then the name of one of its outputs."""
    items: int = 1
    """Items of a batch along the first axis of `shape`. The operators and their tensors know of one item: they run
    once for each (see `batch.py`)."""
    color_standard: str = ""
    """"legacy", "studio" or "full" for a converted NV12 or NV21 input; "" elsewhere."""
    code_step: float = 0.0
    """Not 0 where a cut bares an inner tensor: the port holds its codes, whose step this is; real value =
    (code - code_zero) * code_step."""
    code_zero: int = 0

    @property
    def joint_name(self) -> str:
        """What the joint, its runtime and run_joint call it; `name` is the ONNX model's own."""
        return joint_name(self.name)


@dataclass(frozen=True)
class CpuPart:
    """Float operators behind the NPU's: a model of its own that a CPU runs."""

    model: bytes
    """A serialised ONNX model with float32 inputs."""
    inputs: Mapping[str, str]
    """Name of the model's input to the program's tensor that feeds it with real values: one of `Program.tensors`, or
    the tensor of a float32 input port."""
    outputs: tuple[str, ...]
    operators: tuple[str, ...]
    """Type and name of each, for people."""


@dataclass(frozen=True)
class Program:
    """A whole compiled model."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    tensors: Mapping[str, Tensor]
    ops: tuple[Op, ...]
    """In an order in which each operator's inputs come before it."""
    arrays: Mapping[str, np.ndarray[Any, Any]]
    tools_version: str = ""
    vnpu_mode: str = "disable"
    max_batch: int = 1
    dynamic_batch: bool = False
    cpu: CpuPart | None = None
    origin: Origin | None = None
    """Where this one was cut from."""


@dataclass(frozen=True)
class Origin:
    """The whole program that a part was cut from: what is chosen by a seed in the whole stays the same in the part."""

    program: Program
    inputs: tuple[str, ...]
    """Names by which the part was cut; () = the whole's own inputs."""
    outputs: tuple[str, ...]
