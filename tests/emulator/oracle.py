"""The program's arithmetic once more, naively, from the text of `program.py`: Python's whole numbers and loops.

Nothing of the emulator's arithmetic is imported; Python's ints neither round nor wrap, so that this is what the
definitions say and nothing else. Tensors are arrays only to carry shapes and indices.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from axpair_emulator.program import Op, Program, Tensor

Array = np.ndarray[Any, Any]
Index = tuple[int, ...]


def clamp(value: int, lo: int, hi: int) -> int:
    return max(lo, min(hi, value))


def requantised(acc: int, m: int, s: int, zero: int, lo: int, hi: int) -> int:
    return clamp((acc * m + 2 ** (s - 1)) // 2**s + zero, lo, hi)


class Oracle:
    """One operator of a program, computed element by element."""

    def __init__(self, program: Program, op: Op) -> None:
        self.op = op
        self.attrs: Mapping[str, Any] = op.attrs
        self.y = program.tensors[op.output]
        self.tensors: list[Tensor | None] = [program.tensors.get(name) for name in op.inputs]
        self.arrays = {role: program.arrays[key] for role, key in op.arrays.items()}

    def __call__(self, *operands: Array) -> Array:
        value: Callable[[Index], int] = getattr(self, self.op.kind)(*operands)
        result = np.empty(self.y.shape, self.y.dtype)
        for at in np.ndindex(*self.y.shape):
            result[at] = value(at)
        return result

    def centre(self, operand: int, codes: Array) -> Callable[[Index], int]:
        tensor = self.tensors[operand]
        assert tensor is not None
        zero = tensor.zero_point
        return lambda at: int(codes[at]) - zero

    def rq(self, acc: int, channel: int = 0) -> int:
        if "multiplier" in self.arrays:
            m, s = (int(self.arrays[role][channel]) for role in ("multiplier", "shift"))
        else:
            m, s = int(self.attrs["multiplier"]), int(self.attrs["shift"])
        return requantised(acc, m, s, self.y.zero_point, self.attrs["lo"], self.attrs["hi"])

    def channel_lut(self, x: Array) -> Callable[[Index], int]:
        return lambda at: int(self.arrays["table"][at[1], x[at]])

    def lut(self, x: Array) -> Callable[[Index], int]:
        return lambda at: int(self.arrays["table"][x[at]])

    def quantize(self, x: Array) -> Callable[[Index], int]:
        def value(at: Index) -> int:
            real = float(x[at])
            if math.isnan(real):
                return self.y.zero_point
            if math.isinf(real):
                return self.y.top if real > 0 else 0
            return clamp(math.floor(real / self.y.scale + 0.5) + self.y.zero_point, 0, self.y.top)

        return value

    def affine(self, x: Array) -> Callable[[Index], int]:
        multiplier, offset, s = self.arrays["multiplier"], self.arrays["offset"], self.attrs["shift"]

        def value(at: Index) -> int:
            c = at[1] if len(at) == 4 else 0
            acc = int(x[at]) * int(multiplier[c]) + int(offset[c])
            return clamp((acc + 2 ** (s - 1)) // 2**s + self.y.zero_point, 0, self.y.top)

        return value

    def yuv_planes(self, x: Array) -> Callable[[Index], int]:
        def value(at: Index) -> int:
            n, channel, row, column = at
            if channel == 0:
                return int(x[n, 0, row, column])
            second = (channel == 2) != bool(self.attrs["v_first"])
            return int(x[n, 0, self.y.shape[2] + row // 2, 2 * (column // 2) + second])

        return value

    def color_matrix(self, x: Array) -> Callable[[Index], int]:
        matrix, offsets, s = (self.attrs[name] for name in ("matrix", "offsets", "shift"))

        def value(at: Index) -> int:
            n, channel, row, column = at
            terms = (matrix[channel * x.shape[1] + k] * int(x[n, k, row, column]) for k in range(x.shape[1]))
            return clamp((sum(terms) + offsets[channel] + 2 ** (s - 1)) // 2**s, 0, 255)

        return value

    def conv(self, x: Array) -> Callable[[Index], int]:
        weight, group = self.arrays["weight"], self.attrs["group"]
        top, left = self.attrs["pads"][:2]
        centred = self.centre(0, x)

        def value(at: Index) -> int:
            n, o, row, column = at
            first = o // (weight.shape[0] // group) * weight.shape[1]
            acc = int(self.arrays["bias"][o])
            for i, kh, kw in np.ndindex(*weight.shape[1:]):
                r = row * self.attrs["strides"][0] - top + kh * self.attrs["dilations"][0]
                c = column * self.attrs["strides"][1] - left + kw * self.attrs["dilations"][1]
                if 0 <= r < x.shape[2] and 0 <= c < x.shape[3]:
                    acc += int(weight[o, i, kh, kw]) * centred((n, first + i, r, c))
            return self.rq(acc, o)

        return value

    def conv_transpose(self, x: Array) -> Callable[[Index], int]:
        weight, group = self.arrays["weight"], self.attrs["group"]
        per_in, per_out = weight.shape[0] // group, weight.shape[1]
        centred = self.centre(0, x)
        acc: dict[Index, int] = {}
        # Each input element is spread over the output; what falls outside is lost.
        for n, i, row, column in np.ndindex(*x.shape):
            for j, kh, kw in np.ndindex(*weight.shape[1:]):
                o = i // per_in * per_out + j
                r = row * self.attrs["strides"][0] - self.attrs["pads"][0] + kh * self.attrs["dilations"][0]
                c = column * self.attrs["strides"][1] - self.attrs["pads"][1] + kw * self.attrs["dilations"][1]
                at = (n, o, r, c)
                acc[at] = acc.get(at, 0) + int(weight[i, j, kh, kw]) * centred((n, i, row, column))
        return lambda at: self.rq(acc.get(at, 0) + int(self.arrays["bias"][at[1]]), at[1])

    def gemm(self, x: Array) -> Callable[[Index], int]:
        weight = self.arrays["weight"]
        centred = self.centre(0, x)

        def value(at: Index) -> int:
            terms = (centred((*at[:-1], k)) * int(weight[k, at[-1]]) for k in range(weight.shape[0]))
            return self.rq(sum(terms) + int(self.arrays["bias"][at[-1]]), at[-1])

        return value

    def matmul(self, a: Array, b: Array) -> Callable[[Index], int]:
        left, right = self.centre(0, a), self.centre(1, b)

        def value(at: Index) -> int:
            *batch, row, column = at
            of_a, of_b = (fitted(tuple(batch), codes.shape[:-2]) for codes in (a, b))
            return self.rq(sum(left((*of_a, row, k)) * right((*of_b, k, column)) for k in range(a.shape[-1])))

        return value

    def add(self, a: Array, b: Array) -> Callable[[Index], int]:
        left, right = self.centre(0, a), self.centre(1, b)
        ma, mb = self.attrs["multipliers"]
        s = self.attrs["shift"]

        def value(at: Index) -> int:
            acc = left(fitted(at, a.shape)) * ma + right(fitted(at, b.shape)) * mb
            return clamp((acc + 2 ** (s - 1)) // 2**s + self.y.zero_point, self.attrs["lo"], self.attrs["hi"])

        return value

    def mul(self, a: Array, b: Array) -> Callable[[Index], int]:
        left, right = self.centre(0, a), self.centre(1, b)
        return lambda at: self.rq(left(fitted(at, a.shape)) * right(fitted(at, b.shape)))

    def div(self, a: Array, b: Array) -> Callable[[Index], int]:
        left, right = self.centre(0, a), self.centre(1, b)
        m, s, lo, hi = (int(self.attrs[name]) for name in ("multiplier", "shift", "lo", "hi"))

        def value(at: Index) -> int:
            n, d = left(fitted(at, a.shape)), right(fitted(at, b.shape))
            if d == 0:
                return clamp(self.y.zero_point, lo, hi) if n == 0 else hi if n > 0 else lo
            n, d = (-n, -d) if d < 0 else (n, d)
            return clamp((2 * n * m + d * 2**s) // (d * 2 ** (s + 1)) + self.y.zero_point, lo, hi)

        return value

    def concat(self, *xs: Array) -> Callable[[Index], int]:
        axis = self.attrs["axis"]

        def value(at: Index) -> int:
            position = at[axis]
            for index, x in enumerate(xs):
                if position < x.shape[axis]:
                    return int(self.arrays[f"table_{index}"][x[replaced(at, axis, position)]])
                position -= x.shape[axis]
            raise AssertionError(at)

        return value

    def mean(self, x: Array) -> Callable[[Index], int]:
        centred = self.centre(0, x)
        return lambda at: self.rq(sum(centred(where) for where in self.reduced(at, x)))

    def reduced(self, at: Index, x: Array) -> Iterator[Index]:
        """The places of the input that become one of the output."""
        rest = list(at)
        ranges: list[range] = []
        for axis, length in enumerate(x.shape):
            if axis in self.attrs["axes"]:
                ranges.append(range(length))
                if self.attrs["keepdims"]:
                    rest.pop(0)
            else:
                ranges.append(range((first := rest.pop(0)), first + 1))
        return itertools.product(*ranges)

    def max_pool(self, x: Array) -> Callable[[Index], int]:
        return lambda at: max(int(x[where]) for where in self.window(at, x, self.attrs["dilations"]))

    def average_pool(self, x: Array) -> Callable[[Index], int]:
        centred = self.centre(0, x)

        def value(at: Index) -> int:
            place = at[2] * self.y.shape[3] + at[3]
            return self.rq(sum(centred(where) for where in self.window(at, x, (1, 1))), place)

        return value

    def window(self, at: Index, x: Array, dilations: Index) -> Iterator[Index]:
        n, channel, row, column = at
        for kh, kw in np.ndindex(*self.attrs["kernel"]):
            r = row * self.attrs["strides"][0] - self.attrs["pads"][0] + kh * dilations[0]
            c = column * self.attrs["strides"][1] - self.attrs["pads"][1] + kw * dilations[1]
            if 0 <= r < x.shape[2] and 0 <= c < x.shape[3]:
                yield n, channel, r, c

    def softmax(self, x: Array) -> Callable[[Index], int]:
        axis, m, s = self.attrs["axis"], self.attrs["multiplier"], self.attrs["shift"]

        def value(at: Index) -> int:
            line = [int(x[replaced(at, axis, k)]) for k in range(x.shape[axis])]
            table = [int(self.arrays["table"][max(line) - code]) for code in line]
            total = sum(table)
            quotient = (2 * table[at[axis]] * m + total * 2**s) // (total * 2 ** (s + 1))
            return clamp(quotient + self.y.zero_point, 0, self.y.top)

        return value

    def resize_nearest(self, x: Array) -> Callable[[Index], int]:
        down, right = self.attrs["factors"]
        return lambda at: int(x[at[0], at[1], at[2] // down, at[3] // right])

    def resize_linear(self, x: Array) -> Callable[[Index], int]:
        axes = self.attrs["axes"]
        total = int(self.attrs["bits"]) * len(axes)

        def value(at: Index) -> int:
            acc = 0
            for corner in itertools.product((0, 1), repeat=len(axes)):
                where, share = list(at), 1
                for k, (axis, side) in enumerate(zip(axes, corner, strict=True)):
                    where[axis] = int(self.arrays[f"taps_{k}"][at[axis], side])
                    share *= int(self.arrays[f"weights_{k}"][at[axis], side])
                acc += share * int(x[tuple(where)])
            whole, rest = divmod(acc - (self.y.zero_point << total), 1 << total)
            return self.y.zero_point + whole + int(2 * rest > 1 << total or (2 * rest == 1 << total and whole % 2 == 1))

        return value

    def gather(self, x: Array) -> Callable[[Index], int]:
        picked = dict(zip(self.attrs["axes"], (self.arrays[f"indices_{k}"] for k in itertools.count()), strict=False))
        lengths = [len(picked[axis]) if axis in picked else length for axis, length in enumerate(x.shape)]
        rows = [
            int(x[tuple(int(picked[axis][k]) if axis in picked else k for axis, k in enumerate(where))])
            for where in np.ndindex(*lengths)
        ]
        return lambda at: rows[sum(k * math.prod(self.y.shape[axis + 1 :]) for axis, k in enumerate(at))]

    def lookup(self, x: Array) -> Callable[[Index], int]:
        table = self.arrays["table"]
        last = len(table) - 1

        def row(at: Index) -> int:
            k = int(x[at[: x.ndim]])
            return min(max(k + len(table) if k < 0 else k, 0), last)

        return lambda at: int(table[row(at)][at[x.ndim :]])

    def maximum(self, *xs: Array) -> Callable[[Index], int]:
        return lambda at: max(self.brought(xs, at))

    def minimum(self, *xs: Array) -> Callable[[Index], int]:
        return lambda at: min(self.brought(xs, at))

    def brought(self, xs: tuple[Array, ...], at: Index) -> list[int]:
        """Every operand's code at a place of the output, through its own table."""
        return [int(self.arrays[f"table_{k}"][x[fitted(at, x.shape)]]) for k, x in enumerate(xs)]

    def reduce_max(self, x: Array) -> Callable[[Index], int]:
        return lambda at: max(int(x[where]) for where in self.reduced(at, x))

    def reduce_min(self, x: Array) -> Callable[[Index], int]:
        return lambda at: min(int(x[where]) for where in self.reduced(at, x))

    def reshape(self, x: Array) -> Callable[[Index], int]:
        flat = [int(code) for code in x.ravel()]
        return lambda at: flat[sum(k * math.prod(self.y.shape[axis + 1 :]) for axis, k in enumerate(at))]

    def transpose(self, x: Array) -> Callable[[Index], int]:
        def value(at: Index) -> int:
            source = [0] * len(at)
            for axis, k in zip(self.attrs["perm"], at, strict=True):
                source[axis] = k
            return int(x[tuple(source)])

        return value

    def slice(self, x: Array) -> Callable[[Index], int]:
        def value(at: Index) -> int:
            source = list(at)
            for start, axis, step in zip(*(self.attrs[name] for name in ("starts", "axes", "steps")), strict=True):
                length = x.shape[axis]
                first = start + length if start < 0 else min(start, length - 1 if step < 0 else length)
                source[axis] = first + step * at[axis]
            return int(x[tuple(source)])

        return value

    def reflected(self, x: Array) -> Callable[[Index], int]:
        before = self.attrs["pads"]
        return lambda at: int(x[tuple(mirrored(k - before[axis], x.shape[axis]) for axis, k in enumerate(at))])

    def pad(self, x: Array) -> Callable[[Index], int]:
        if self.attrs.get("reflect"):
            return self.reflected(x)

        def value(at: Index) -> int:
            source = tuple(k - before for k, before in zip(at, self.attrs["pads"], strict=False))
            inside = all(0 <= k < length for k, length in zip(source, x.shape, strict=True))
            return int(x[source]) if inside else int(self.attrs["value"])

        return value


def mirrored(k: int, length: int) -> int:
    """A position beyond either end, mirrored at the ends until it lies inside."""
    while not 0 <= k < length:
        k = -k if k < 0 else 2 * (length - 1) - k
    return k


def replaced(at: Index, axis: int, position: int) -> Index:
    """The same index with another position along one axis."""
    return (*at[:axis], position, *at[axis + 1 :])


def fitted(at: Index, shape: tuple[int, ...]) -> Index:
    """The index into a tensor that broadcasts to the one that `at` points into."""
    tail = at[len(at) - len(shape) :]
    return tuple(0 if length == 1 else k for k, length in zip(tail, shape, strict=True))
