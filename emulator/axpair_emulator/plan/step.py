"""One operator to be: the float nodes that it stands for and the tensors between which it lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

from axpair_emulator.graph.view import Node

CHAIN = "Chain"
"""The kind of a group of elementwise nodes that becomes one table."""
LOOKUP = "Lookup"
"""The kind of a Gather that takes rows of a constant table by an input."""


def raw_name(input_name: str) -> str:
    """The program's name for the joint's own input, before anything is done to it."""
    return f"{input_name}@joint"


@dataclass(frozen=True)
class Step:
    """A group of float nodes that becomes one quantised operator (or a few that move codes)."""

    kind: str
    """The ONNX type of `node`, or CHAIN."""
    node: Node
    """The node that gives the step its name and attributes; of a chain the last one."""
    nodes: tuple[Node, ...]
    """All nodes of the group in order; a float model of the step runs exactly these."""
    inputs: tuple[str, ...]
    """The activations and constants that are quantised operands; weights aren't among them."""
    outputs: tuple[str, ...]
    low: float = -math.inf
    """Clamp of the Relu or Clip fused into it, in real units."""
    high: float = math.inf

    @property
    def output(self) -> str:
        """The first output, the only one of most steps."""
        return self.outputs[0]
