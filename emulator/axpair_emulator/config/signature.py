"""What the configuration has to know of the ONNX model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from axpair_emulator.graph.view import Graph


@dataclass(frozen=True)
class Signature:
    """Names and static shapes of inputs and outputs in the model's order, and the names of its operators."""

    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    operators: tuple[str, ...] = ()


def signature_of(graph: Graph) -> Signature:
    """The signature of a simplified model."""
    return Signature(
        inputs={name: graph.shapes[name] for name in graph.inputs},
        outputs={name: graph.shapes[name] for name in graph.outputs if name in graph.shapes},
        operators=tuple(node.name for node in graph.nodes),
    )
