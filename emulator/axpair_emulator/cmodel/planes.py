"""Codes in a graph as whole float numbers without their zero point, 16 bits as two planes of 8 if asked for."""

from __future__ import annotations

import numpy as np

from axpair_emulator.cmodel.session import Graph
from axpair_emulator.program import Tensor


def plane_zeros(tensor: Tensor) -> list[tuple[int, int]]:
    """Factor and zero point of each plane of 8 bits."""
    shifts = (0,) if tensor.bits == 8 else (8, 0)
    return [(1 << shift, (tensor.zero_point >> shift) & 0xFF) for shift in shifts]


def planes(graph: Graph, name: str, tensor: Tensor) -> list[str]:
    """The centred planes in float32, in the order of `plane_zeros`."""
    if tensor.bits == 8:
        return [graph.centred(name, tensor.zero_point)]
    (_, high_zero), (_, low_zero) = plane_zeros(tensor)
    scaled = graph.node("Mul", [graph.cast(name, "float32"), graph.constant(np.float32(1 / 256))])
    # Cut off to a whole number by the conversion; the low byte is what a conversion to 8 bits keeps.
    high, low = graph.cast(scaled, "uint8"), graph.cast(name, "uint8")
    return [graph.centred(high, high_zero), graph.centred(low, low_zero)]


def wide(graph: Graph, name: str, tensor: Tensor) -> str:
    """The centred codes in float64."""
    return graph.node("Sub", [graph.cast(name, "float64"), graph.constant(np.float64(tensor.zero_point))])
