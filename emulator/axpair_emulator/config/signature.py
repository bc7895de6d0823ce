"""What the configuration has to know of the ONNX model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from axpair_emulator.graph.view import Graph


@dataclass(frozen=True)
class Signature:
    """Names and static shapes of inputs and outputs in the model's order, and the names of its operators."""

    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    operators: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildFlags:
    """Flags of the command line; they beat the file. None or empty = not given."""

    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    target_hardware: str | None = None
    """"AX620", "AX630" or "AX170"."""
    virtual_npu: str | None = None
    """"0", "111", "112", "311", "312", "221" or "222"."""


def signature_of(graph: Graph) -> Signature:
    """The signature of a simplified model."""
    return Signature(
        inputs={name: graph.shapes[name] for name in graph.inputs},
        outputs={name: graph.shapes[name] for name in graph.outputs if name in graph.shapes},
        operators=tuple(node.name for node in graph.nodes),
    )
