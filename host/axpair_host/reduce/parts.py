"""Parts of a graph between two places in the order of execution: what they begin and end with, and which are legal."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from axpair_proto.capabilities import Node

from axpair_host.layers.prefixes import Prefixes, prefixes


@dataclass(frozen=True)
class Part:
    """Operators that follow each other, and the tensors between which they lie."""

    nodes: tuple[Node, ...]
    inner: tuple[str, ...]
    """Tensors that operators before it make, in the order in which they are read; besides these it may read the
    model's own inputs."""
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """What the wrong outputs are made from, and where it can be cut."""

    prefixes: Prefixes
    own_outputs: frozenset[str]
    """The model's outputs: as such they aren't codes, so that no part can begin with one."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """In the order of execution."""
        return self.prefixes.nodes

    def part(self, start: int, end: int) -> Part:
        """The operators from `start` up to `end`, with all that they hand on."""
        nodes = self.nodes[start:end]
        made = {node.output for node in nodes}
        outputs = tuple(name for name in self.prefixes.frontiers[end] if name in made)
        return Part(nodes, self._inner(nodes, start), outputs)

    def starts(self, end: int) -> list[int]:
        """Where parts that end there can begin, the nearest first; the last is 0."""
        return [start for start in range(end - 1, -1, -1) if self._legal(self.part(start, end))]

    def behind(self, part: Part, output: str) -> Part:
        """What of a part that one of its outputs is made from."""
        narrow = prefixes(part.nodes, {output}).nodes
        made = {node.output for node in narrow}
        read = {name for node in narrow for name in node.inputs} - made
        return replace(part, nodes=narrow, inner=tuple(n for n in part.inner if n in read), outputs=(output,))

    def rest(self, start: int) -> Part | None:
        """All that comes after the first `start` operators; None where nothing does, or it can't begin there."""
        part = self.part(start, len(self.nodes))
        return part if part.nodes and self._legal(part) else None

    def _inner(self, nodes: tuple[Node, ...], start: int) -> tuple[str, ...]:
        before = {node.output for node in self.nodes[:start]}
        return tuple(dict.fromkeys(name for node in nodes for name in node.inputs if name in before))

    def _legal(self, part: Part) -> bool:
        return bool(part.outputs) and not self.own_outputs.intersection(part.inner)


def graph_of(nodes: Collection[Node], wrong: Collection[str], own_outputs: Collection[str]) -> Graph:
    """Of what makes the outputs `wrong`, as far as the operators do."""
    return Graph(prefixes(tuple(nodes), wrong), frozenset(own_outputs))
