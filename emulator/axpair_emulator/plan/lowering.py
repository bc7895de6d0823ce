"""What the lowering of one step works with, and the program that it adds to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.step import Step
from axpair_emulator.program import Op, Tensor
from axpair_emulator.quantize.activations import code_of
from axpair_emulator.quantize.rounding import Moments
from axpair_emulator.quantize.weights import QuantisedWeights

Array = np.ndarray[Any, Any]


@dataclass
class Lowering:
    """The program in the making."""

    graph: Graph
    tensors: dict[str, Tensor]
    per_channel: bool
    moments: Mapping[str, Moments] = field(default_factory=dict)
    """By the step's output: what calibration saw of the inputs of layers with weights."""
    ops: list[Op] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)
    weights: dict[str, QuantisedWeights] = field(default_factory=dict)
    """By the step's output: the integers that stand for float weights, for the reference to use too."""

    def constant(self, name: str) -> Array:
        """A weight or parameter; that it is known when building, `Placement.check` has made sure.

        Raises ModelError where a value isn't finite.
        """
        values = self.graph.constants[name]
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ModelError(
                f"the constant {name!r} holds NaN or infinite values",
                next_step="export the model again, and look there",
            )
        return values

    def clamp(self, step: Step) -> dict[str, int]:
        """The codes `lo` and `hi` between which the step's output stays."""
        tensor = self.tensors[step.output]
        return {"lo": code_of(step.low, tensor), "hi": code_of(step.high, tensor)}

    def free_key(self, key: str) -> str:
        """A key for an array that is neither taken nor the name of a tensor of the model."""
        while key in self.arrays or key in self.graph.constants or key in self.graph.shapes:
            key += "'"
        return key

    def emit(
        self,
        kind: str,
        step: Step,
        inputs: tuple[str, ...],
        output: str,
        attrs: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Array] | None = None,
    ) -> None:
        """Appends an operator; its arrays are stored under "<output>/<role>"."""
        keys = {}
        for role, array in (arrays or {}).items():
            keys[role] = self.free_key(f"{output}/{role}")
            self.arrays[keys[role]] = np.ascontiguousarray(array)
        sources = tuple(node.name for node in step.nodes)
        self.ops.append(Op(kind, step.nodes[-1].name, inputs, output, dict(attrs or {}), keys, sources))


def _anything(node: Node, graph: Graph) -> None:
    """Fits whatever the node's settings."""


@dataclass(frozen=True)
class Placement:
    """How the compiler treats one ONNX operator type."""

    lower: Callable[[Step, Lowering], None]
    operands: Callable[[Node], tuple[str, ...]]
    """The inputs that are quantised operands."""
    shares: bool = False
    """Codes only move: the outputs have the input's scale and zero point."""
    clamps: bool = False
    """A Relu or Clip that follows goes into its clamp."""
    check: Callable[[Node, Graph], None] = _anything
    """Raises Unfit for settings that the NPU lacks."""


def first_input(node: Node) -> tuple[str, ...]:
    """The operands of operators whose other inputs are weights or parameters."""
    return node.inputs[:1]


def all_inputs(node: Node) -> tuple[str, ...]:
    """The operands of operators that combine tensors."""
    return tuple(filter(None, node.inputs))


_INSTEAD = (
    "change the node in the exporting framework, or cut the model before it and run the rest in your post-processor"
)


def unplaceable(node: Node, graph: Graph, reason: str, instead: str = _INSTEAD) -> ModelError:
    """The error for a node that neither the NPU nor the CPU part can do, and what to do about it."""
    return ModelError(
        f"operator {node.op_type} (domain {node.domain or 'ai.onnx'}, opset {graph.opset}) can't be placed: "
        f"node {node.name!r}: {reason}",
        next_step=instead,
    )
