"""What the configuration has to know of the ONNX model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.graph.ids import INTEGERS
from axpair_emulator.graph.view import Graph


@dataclass(frozen=True)
class Signature:
    """Names and static shapes of inputs and outputs in the model's order, and its operators."""

    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    operators: Mapping[str, str] = field(default_factory=dict)
    """Name to ONNX type."""
    ids: frozenset[str] = frozenset()
    """Inputs of whole numbers that are no picture."""


def signature_of(graph: Graph) -> Signature:
    """The signature of a simplified model."""
    return Signature(
        inputs={name: graph.shapes[name] for name in graph.inputs},
        outputs={name: graph.shapes[name] for name in graph.outputs if name in graph.shapes},
        operators={node.name: node.op_type for node in graph.nodes},
        ids=frozenset(name for name in graph.inputs if graph.dtypes[name] in INTEGERS),
    )


def signature_of_build(config: BuildConfig) -> Signature:
    """What a build knew of its model, operators apart."""
    return Signature(
        inputs={conf.name: conf.shape for conf in config.inputs},
        outputs={conf.name: conf.shape for conf in config.outputs},
        ids=frozenset(conf.name for conf in config.inputs if conf.ids),
    )
