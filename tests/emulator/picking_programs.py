"""Programs of one operator that picks or mixes codes, with random parameters; and the kinds of all such programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from axpair_emulator.program import Program
from emulator.programs import Array, Random, moved, one_op, tensor

from emulator import programs


def resize_linear(random: Random, bits: int, wide: bool = False) -> Program:
    x, y = moved(random, bits, (2, 3, 7, 6))
    weight_bits = 11 if bits == 8 else 18
    arrays: dict[str, Array] = {}
    axes = [3, 2] if random.random() < 0.5 else [2, 3]
    for index, axis in enumerate(axes):
        first = random.integers(0, x.shape[axis], y.shape[axis])
        share = random.integers(0, (1 << weight_bits) + 1, y.shape[axis])
        share[0] = random.choice([0, 1 << weight_bits, 1 << (weight_bits - 1)])
        arrays[f"taps_{index}"] = np.stack([first, np.minimum(first + 1, x.shape[axis] - 1)], axis=1)
        arrays[f"weights_{index}"] = np.stack([(1 << weight_bits) - share, share], axis=1)
    return one_op("resize_linear", {"x": x}, y, {"axes": axes, "bits": weight_bits}, arrays)


def gather(random: Random, bits: int, wide: bool = False) -> Program:
    x, y = moved(random, bits, (2, 7, 4, 2) if random.random() < 0.5 else (14, 8))
    arrays = {"indices_0": random.integers(0, 3, 7), "indices_1": random.integers(0, 5, 2)}
    return one_op("gather", {"x": x}, y, {"axes": [1, 3]}, arrays)


def maximum(random: Random, bits: int, wide: bool = False) -> Program:
    return _chosen("maximum", random, bits)


def minimum(random: Random, bits: int, wide: bool = False) -> Program:
    return _chosen("minimum", random, bits)


def _chosen(kind: str, random: Random, bits: int) -> Program:
    inputs = {
        name: tensor(random, name, shape, bits) for name, shape in (("a", (2, 3, 4)), ("b", (3, 1)), ("c", (1, 3, 4)))
    }
    y = tensor(random, "y", (2, 3, 4), bits)
    tables = {f"table_{index}": random.integers(0, y.top + 1, 1 << bits).astype(y.dtype) for index in range(3)}
    return one_op(kind, inputs, y, {}, tables)


def reduce_max(random: Random, bits: int, wide: bool = False) -> Program:
    return _extreme("reduce_max", random, bits)


def reduce_min(random: Random, bits: int, wide: bool = False) -> Program:
    return _extreme("reduce_min", random, bits)


def _extreme(kind: str, random: Random, bits: int) -> Program:
    keepdims = bool(random.random() < 0.5)
    x, y = moved(random, bits, (2, 1, 4, 1) if keepdims else (2, 4))
    return one_op(kind, {"x": x}, y, {"axes": [1, 3], "keepdims": keepdims})


KINDS: Mapping[str, Callable[..., Program]] = {
    **programs.KINDS,
    **{function.__name__: function for function in (gather, maximum, minimum, reduce_max, reduce_min, resize_linear)},
}
"""Kind to a function of (random, bits, wide), those of `programs` among them."""
