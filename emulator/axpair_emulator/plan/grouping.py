"""Groups the float nodes: clamps go into their producer, elementwise chains of one tensor become one table.

A chain starts at a root, a tensor from which only elementwise nodes with scalar constants lead on; every tensor
of the chain that something else needs gets one table from the root. That covers SiLU, HardSwish and the like in
whatever nodes an exporter spells them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.clamp import clamp_of
from axpair_emulator.plan.placement import PLACEMENTS, kind_of
from axpair_emulator.plan.roots import chain_root
from axpair_emulator.plan.step import CHAIN, Step


@dataclass
class _Found:
    steps: dict[str, Step] = field(default_factory=dict)
    """By each output."""
    chained: dict[str, Node] = field(default_factory=dict)
    """Output of a chain's node to the node."""
    root: dict[str, str] = field(default_factory=dict)


def group(graph: Graph) -> tuple[Step, ...]:
    """The steps in the model's order; nodes that no output needs are left out."""
    uses = Counter(name for node in graph.nodes for name in node.inputs if name)
    uses.update(graph.outputs)
    found = _Found(root={name: name for name in graph.inputs})
    for node in graph.nodes:
        if _absorbed(node, graph, found, uses):
            continue
        root = chain_root(node, graph, found.root)
        if root:
            found.root[node.outputs[0]] = root
            found.chained[node.outputs[0]] = node
            continue
        outputs = tuple(filter(None, node.outputs))
        kind = kind_of(node, graph)
        step = Step(kind, node, (node,), PLACEMENTS[kind].operands(node), outputs)
        for name in outputs:
            found.root[name] = name
            found.steps[name] = step
    return _in_order(graph, found)


def _absorbed(node: Node, graph: Graph, found: _Found, uses: Counter[str]) -> bool:
    """Whether the node was a clamp that went into the step before it."""
    clamp = clamp_of(node, graph)
    previous = found.steps.get(node.input(0))
    if not clamp or not previous or uses[previous.output] != 1 or not PLACEMENTS[previous.kind].clamps:
        return False
    output = node.outputs[0]
    del found.steps[previous.output]
    found.root[output] = output
    found.steps[output] = replace(
        previous,
        nodes=(*previous.nodes, node),
        outputs=(output,),
        low=min(max(previous.low, clamp[0]), clamp[1]),
        high=min(max(previous.high, clamp[0]), clamp[1]),
    )
    return True


def _in_order(graph: Graph, found: _Found) -> tuple[Step, ...]:
    needed = set(graph.outputs)
    for node in reversed(graph.nodes):
        for name in node.outputs:
            if name in needed and name in found.steps:
                needed.update(found.steps[name].inputs)
            elif name in needed and name in found.chained:
                needed.add(found.root[name])
    ordered: dict[tuple[str, ...], Step] = {}
    for node in graph.nodes:
        for name in node.outputs:
            if name not in needed:
                continue
            if name in found.steps:
                ordered.setdefault(found.steps[name].outputs, found.steps[name])
            elif name in found.chained:
                nodes = _chain_to(name, graph, found)
                ordered[(name,)] = Step(CHAIN, nodes[-1], nodes, (found.root[name],), (name,))
    return tuple(ordered.values())


def _chain_to(name: str, graph: Graph, found: _Found) -> tuple[Node, ...]:
    """The chain's nodes between root and tensor, in the model's order."""
    wanted: set[str] = set()
    pending = [name]
    while pending:
        tensor = pending.pop()
        if tensor not in wanted and tensor in found.chained and tensor != found.root[name]:
            wanted.add(tensor)
            pending.extend(filter(None, found.chained[tensor].inputs))
    return tuple(node for node in graph.nodes if node.outputs[0] in wanted)
