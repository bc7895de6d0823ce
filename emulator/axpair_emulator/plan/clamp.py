"""Recognises the activations that are nothing but a clamp."""

from __future__ import annotations

import math

from axpair_emulator.graph.view import Graph, Node


def clamp_of(node: Node, graph: Graph) -> tuple[float, float] | None:
    """(low, high) of a Relu, or of a Clip with constant scalar bounds; None for anything else."""
    if node.domain not in ("", "ai.onnx"):
        return None
    if node.op_type == "Relu":
        return 0.0, math.inf
    if node.op_type != "Clip":
        return None
    bounds = []
    for index, default in ((1, -math.inf), (2, math.inf)):
        name = node.input(index)
        if not name:
            bounds.append(default)
        elif graph.is_constant(name) and graph.constants[name].size == 1:
            bounds.append(float(graph.constants[name].ravel()[0]))
        else:
            return None
    return (bounds[0], bounds[1]) if bounds[0] <= bounds[1] else None
