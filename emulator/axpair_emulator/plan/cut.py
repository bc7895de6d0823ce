"""Where the NPU's part of a model ends: what it can't do, and all that follows from it, is left to the CPU."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import onnx

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.lowering import unplaceable
from axpair_emulator.plan.placement import NO_SUCH, is_ids, obstacle, of_ids
from axpair_emulator.plan.roots import chain_root

DATA_DEPENDENT = ("NonMaxSuppression", "NonZero", "Unique", "Compress")
"""Operators whose results have as many elements as the data says."""


@dataclass(frozen=True)
class Cut:
    """A graph in two parts. Without CPU nodes the first is the whole graph."""

    npu: Graph
    """Its outputs are those of the model that it makes, then what the CPU part reads of it."""
    cpu_nodes: tuple[Node, ...] = ()
    boundary: tuple[str, ...] = ()
    """What the CPU part reads: tensors of the NPU part and inputs of the model."""
    raw_inputs: tuple[str, ...] = ()
    """Inputs of the model that go to the CPU part as they are, unquantised."""
    cpu_outputs: tuple[str, ...] = ()
    """Outputs of the model that the CPU part makes."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """By node name: why it isn't on the NPU, where its type alone doesn't tell."""


def cut(graph: Graph, float_inputs: Collection[str], *, cpu: bool = True) -> Cut:
    """The two parts. `float_inputs` are those that the joint takes as float32: the CPU needs no codes of them.

    Raises ModelError when the CPU may do nothing (`cpu`) but has to, when nothing is left for the NPU, for operators
    with graphs of their own, and for outputs whose shape depends on the data.
    """
    obstacles = _obstacles(graph)
    if not obstacles:
        return Cut(graph)
    first = next(node for node in graph.nodes if _key(node) in obstacles)
    if not cpu:
        raise unplaceable(first, graph, f"{obstacles[_key(first)]}, and the configuration disables the CPU part")
    made = _closure(graph, {name for node in graph.nodes if _key(node) in obstacles for name in node.outputs})
    cpu_nodes = tuple(node for node in graph.nodes if made.intersection(node.outputs))
    for node in cpu_nodes:
        if any(attr.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS) for attr in node.proto.attribute):
            raise unplaceable(node, graph, "it holds a graph of its own")
        if node.op_type in DATA_DEPENDENT and _closure(graph, set(node.outputs)).intersection(graph.outputs):
            raise unplaceable(node, graph, "how much it gives depends on the data; a joint's outputs have fixed shapes")
    npu_nodes = tuple(node for node in graph.nodes if node not in cpu_nodes)
    read = dict.fromkeys(name for node in cpu_nodes for name in node.inputs)
    boundary = tuple(name for name in read if name and name not in made and not graph.is_constant(name))
    on_npu = {name for node in npu_nodes for name in node.inputs} | set(graph.outputs)
    raw = tuple(name for name in boundary if name in float_inputs and name not in on_npu)
    if not any(name not in graph.inputs for name in boundary):
        raise ModelError(
            f"nothing of the model is left for the NPU: already {first.op_type} "
            f"(domain {first.domain or 'ai.onnx'}, opset {graph.opset}, node {first.name!r}) can't be placed there: "
            f"{obstacles[_key(first)]}",
            next_step=_instead(first, graph),
        )
    wrong = [name for name in boundary if graph.dtypes[name] != "float32"]
    if wrong:
        reader = next(node for node in cpu_nodes if wrong[0] in node.inputs)
        if words := of_ids(reader, graph):
            raise unplaceable(reader, graph, words, _instead(reader, graph))
        raise unplaceable(reader, graph, f"it reads {wrong[0]!r}, which is {graph.dtypes[wrong[0]]}")
    kept = [name for name in graph.outputs if name not in made]
    outputs = dict.fromkeys((*kept, *(name for name in boundary if name not in graph.inputs)))
    inputs = tuple(name for name in graph.inputs if name not in raw)
    return Cut(
        npu=replace(graph, nodes=npu_nodes, outputs=tuple(outputs), inputs=inputs),
        cpu_nodes=cpu_nodes,
        boundary=boundary,
        raw_inputs=raw,
        cpu_outputs=tuple(name for name in graph.outputs if name in made),
        reasons={
            node.name: obstacles[_key(node)] for node in cpu_nodes if obstacles.get(_key(node), NO_SUCH) != NO_SUCH
        },
    )


def _instead(first: Node, graph: Graph) -> str:
    """What to do where the NPU can't even begin."""
    if wholes := [name for name in first.inputs if is_ids(name, graph)]:
        return (
            f"export the model so that {wholes[0]!r} is float32 and no operator computes with whole numbers, or cut it "
            "behind them and make that tensor in your program"
        )
    return "replace that operator in the exporting framework; a joint has to start on the NPU, in float32"


def _key(node: Node) -> str:
    """The first output that isn't left out."""
    return next(filter(None, node.outputs), node.name)


def _obstacles(graph: Graph) -> dict[str, str]:
    """By key: why the NPU can't do a node. What only follows from such a node isn't in it."""
    root = {name: name for name in graph.inputs}
    found: dict[str, str] = {}
    beyond: set[str] = set()
    for node in graph.nodes:
        if beyond.intersection(node.inputs):
            beyond.update(filter(None, node.outputs))
            continue
        chained = chain_root(node, graph, root)
        reason = obstacle(node, graph, unary=bool(chained))
        if reason:
            found[_key(node)] = reason
            beyond.update(filter(None, node.outputs))
        root.update((name, chained or name) for name in node.outputs if name)
    return found | _truths(graph, beyond)


def _truths(graph: Graph, beyond: set[str]) -> dict[str, str]:
    """Nodes of chains whose truth values are wanted outside of chains: by the CPU's nodes or as outputs."""
    found: dict[str, str] = {}
    wanted = set(graph.outputs)
    for node in reversed(graph.nodes):
        if beyond.intersection(node.outputs):
            wanted.update(node.inputs)
        elif graph.dtypes[_key(node)] not in ("float32", "uint8") and wanted.intersection(node.outputs):
            found[_key(node)] = f"its result is {graph.dtypes[_key(node)]}"
            beyond.update(filter(None, node.outputs))
            wanted.update(node.inputs)
    return found


def _closure(graph: Graph, made: set[str]) -> set[str]:
    """All that follows from the given tensors, themselves included."""
    made = set(filter(None, made))
    for node in graph.nodes:
        if made.intersection((*node.inputs, *node.outputs)):
            made.update(filter(None, node.outputs))
    return made
