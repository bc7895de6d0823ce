"""Proof, once per process, that the kernels leaned on are exact here: on this CPU, with this onnxruntime.

Whole numbers in float32 are exact below 2^24 in any order of adding. What would break it is a library that
multiplies other than it says (Winograd, Fourier, bfloat16), or divides by multiplying with a reciprocal. So each
kernel runs on numbers whose partial sums come close to 2^24, and is compared with int64.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import onnxruntime

from axpair_emulator.cmodel import taps
from axpair_emulator.cmodel.bounds import FLOAT32
from axpair_emulator.cmodel.session import Graph
from axpair_emulator.cmodel.site import Array
from axpair_emulator.cmodel.staircase import quantised
from axpair_emulator.errors import EmulatorError


@functools.cache
def require_exact_kernels() -> None:
    """Raise EmulatorError, naming the kernels, where one isn't exact. Takes some 30 ms, once per process."""
    wrong = sorted(name for name, exact in checks() if not exact)
    if wrong:
        raise EmulatorError(
            f"onnxruntime {onnxruntime.__version__} isn't exact on this CPU in: {', '.join(wrong)}",
            next_step="install another version of onnxruntime, and report this one",
            side="board",
        )


def checks() -> Iterator[tuple[str, bool]]:
    """Each kernel's name and whether it is exact."""
    random = np.random.default_rng(20)
    for name, shape, attributes in (
        ("pointwise convolution", (24, 64, 1, 1), {}),
        ("3x3 convolution", (16, 8, 3, 3), {"pads": [1, 1, 1, 1]}),
        ("strided 3x3 convolution", (16, 3, 3, 3), {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
        ("5x5 convolution", (8, 8, 5, 5), {"pads": [2, 2, 2, 2]}),
        ("depthwise convolution", (32, 1, 3, 3), {"pads": [1, 1, 1, 1], "group": 32}),
        ("depthwise 5x5 convolution", (32, 1, 5, 5), {"pads": [2, 2, 2, 2], "group": 32}),
        ("transposed convolution", (16, 8, 2, 2), {"strides": [2, 2]}),
    ):
        yield name, _convolves_exactly(random, name.startswith("transposed"), shape, dict(attributes))
    yield "matrix product", _multiplies_exactly(random)
    yield "quantisation", _quantises_exactly(random)
    yield "scaled sum", _adds_exactly(random)


def _worst(random: np.random.Generator, shape: tuple[int, ...], terms: int) -> Array:
    """Weights of mixed sign whose sums with codes up to 255 come close to 2^24, but stay below."""
    most = (FLOAT32 - 1) // 255 // terms
    return random.integers(-most, most + 1, shape)


def _convolves_exactly(
    random: np.random.Generator, transposed: bool, shape: tuple[int, ...], attributes: dict[str, object]
) -> bool:
    group = int(str(attributes.get("group", 1)))
    channels = shape[0] if transposed else shape[1] * group
    weight = _worst(random, shape, int(np.prod(shape[1:])) if not transposed else channels * 4)
    # Half of the weights all positive on inputs all at the top: the largest sums there are.
    weight[: shape[0] // 2] = np.abs(weight[: shape[0] // 2])
    codes = random.integers(0, 256, (1, channels, 17, 19)).astype(np.uint8)
    codes[:, :, :9] = 255
    graph = Graph()
    graph.input("x", "uint8")
    kind = "ConvTranspose" if transposed else "Conv"
    operands = [graph.centred("x", 0), graph.constant(weight.astype(np.float32))]
    graph.output(graph.node(kind, operands, **attributes), "float32")
    results = [graph.session(1, blocked)({"x": codes})[0] for blocked in (False, True)]
    grouped = weight.swapaxes(0, 1)[None] if transposed else weight.reshape(group, -1, *weight.shape[1:])
    options = {name: value for name, value in attributes.items() if name != "group"}
    wanted = taps.accumulate(transposed, options, grouped, codes.astype(np.float64))
    return all(bool((got == wanted).all()) for got in results)


def _multiplies_exactly(random: np.random.Generator) -> bool:
    graph = Graph()
    graph.input("a", "uint8")
    weight = _worst(random, (96, 33), 96)
    operands = [graph.centred("a", 7), graph.constant(weight.astype(np.float32))]
    graph.output(graph.node("MatMul", operands), "float32")
    codes = random.integers(0, 256, (45, 96)).astype(np.uint8)
    wanted = (codes.astype(np.int64) - 7) @ weight
    return bool((graph.session(1)({"a": codes})[0] == wanted).all())


def _quantises_exactly(random: np.random.Generator) -> bool:
    """QuantizeLinear divides, and rounds half to even, as the proof of `staircase.py` takes for granted."""
    channels, exact = 61, True
    scales = random.uniform(3, 9000, channels).astype(np.float32)
    scales[:4] = (1, 2, 512, 3)
    acc = (random.integers(-300 * 64, 300 * 64, (1, channels, 77)) * scales[:, None] / 64).round()
    for zero_point in (0, 131):
        graph = Graph()
        graph.input("acc", "float32")
        graph.output(graph.quantised("acc", scales, zero_point), "uint8")
        got = graph.session(1)({"acc": acc.astype(np.float32)})[0]
        exact &= bool((got == quantised(acc.astype(np.float32), scales[:, None], zero_point)).all())
    return exact


def _adds_exactly(random: np.random.Generator) -> bool:
    """DequantizeLinear multiplies and Add adds in float32, with a rounding after each."""
    first, second = random.uniform(0.01, 3, 2).astype(np.float32)
    graph = Graph()
    graph.input("a", "uint8")
    graph.input("b", "uint8")
    graph.output(graph.node("Add", [graph.centred("a", 3, first), graph.centred("b", 200, -second)]), "float32")
    a, b = (values.astype(np.uint8) for values in np.meshgrid(np.arange(256), np.arange(256)))
    wanted = (a.astype(np.float32) - np.float32(3)) * first + (b.astype(np.float32) - np.float32(200)) * -second
    return bool((graph.session(1)({"a": a, "b": b})[0] == wanted).all())
