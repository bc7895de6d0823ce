"""From which one tensor an elementwise node's result follows: such nodes become one table."""

from __future__ import annotations

from collections.abc import Mapping

from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.unary import FUNCTIONS


def chain_root(node: Node, graph: Graph, root: Mapping[str, str]) -> str:
    """The one tensor that the node is an elementwise function of; "" when it isn't. `root` has that of its inputs."""
    if node.op_type not in FUNCTIONS or node.domain not in ("", "ai.onnx"):
        return ""
    given = [name for name in node.inputs if name]
    roots = {root[name] for name in given if not graph.is_constant(name)}
    if len(roots) != 1 or any(graph.constants[name].size != 1 for name in given if graph.is_constant(name)):
        return ""
    found = roots.pop()
    return found if graph.shapes[found] == graph.shapes[node.outputs[0]] else ""
