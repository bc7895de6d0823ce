"""Where a graph can be cut in two: after each operator, and best where a single tensor carries everything on.

A prefix is the first k operators, in the order of execution, of those that the outputs in question are made from. Its
frontier is what it hands on: tensors that later operators read, and outputs. Where the frontier is one tensor, that
tensor dominates all that follows (every way from the inputs to the outputs leads through it), and the part before it
is a model with one output.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from axpair_proto.capabilities import Node


@dataclass(frozen=True)
class Prefixes:
    """The operators in question, and the frontier after each number of them."""

    nodes: tuple[Node, ...]
    frontiers: tuple[tuple[str, ...], ...]
    """`frontiers[k]` is what the first k operators hand on; () for none of them."""

    @property
    def dominators(self) -> list[int]:
        """Lengths of prefixes that end in a single tensor, the whole left out."""
        return [k for k, frontier in enumerate(self.frontiers) if len(frontier) == 1 and 0 < k < len(self.nodes)]


def prefixes(nodes: Sequence[Node], outputs: Collection[str]) -> Prefixes:
    """Prefixes of what makes `outputs` (tensors); of the whole graph where those aren't all made by its operators."""
    kept = _ancestors(nodes, outputs)
    last_use = {name: at for at, node in enumerate(kept) for name in node.inputs}
    frontier: dict[str, None] = {}
    frontiers: list[tuple[str, ...]] = [()]
    for at, node in enumerate(kept):
        for name in node.inputs:
            if last_use[name] == at and name not in outputs:
                frontier.pop(name, None)
        frontier[node.output] = None
        frontiers.append(tuple(frontier))
    return Prefixes(tuple(kept), tuple(frontiers))


def _ancestors(nodes: Sequence[Node], outputs: Collection[str]) -> list[Node]:
    needed = set(outputs)
    if not needed <= {node.output for node in nodes}:
        return list(nodes)
    kept = []
    for node in reversed(nodes):
        if node.output in needed:
            kept.append(node)
            needed.update(node.inputs)
    return kept[::-1]
