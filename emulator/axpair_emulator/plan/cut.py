"""Where the NPU's part of a model ends: what it can't place, and all that follows from it, is left to the CPU."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import onnx

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.lowering import unplaceable
from axpair_emulator.plan.placement import is_placeable


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


def cut(graph: Graph, float_inputs: Collection[str]) -> Cut:
    """The two parts. `float_inputs` are those that the joint takes as float32: the CPU needs no codes of them.

    Raises ModelError when nothing is left for the NPU, or for operators with graphs of their own.
    """
    made: set[str] = set()
    cpu_nodes = []
    for node in graph.nodes:
        if is_placeable(node.op_type, node.domain) and not made.intersection(node.inputs):
            continue
        if any(attr.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS) for attr in node.proto.attribute):
            raise unplaceable(node, graph, "it holds a graph of its own")
        cpu_nodes.append(node)
        made.update(node.outputs)
    if not cpu_nodes:
        return Cut(graph)
    npu_nodes = tuple(node for node in graph.nodes if node not in cpu_nodes)
    read = dict.fromkeys(name for node in cpu_nodes for name in node.inputs)
    boundary = tuple(name for name in read if name and name not in made and not graph.is_constant(name))
    on_npu = {name for node in npu_nodes for name in node.inputs}
    raw = tuple(name for name in boundary if name in float_inputs and name not in on_npu)
    if not any(name not in graph.inputs for name in boundary):
        raise ModelError(
            f"nothing of the model is left for the NPU: already {cpu_nodes[0].op_type} "
            f"({cpu_nodes[0].name!r}) can't be placed there",
            next_step="replace that operator in the exporting framework; a joint has to start on the NPU",
        )
    kept = [name for name in graph.outputs if name not in made]
    outputs = dict.fromkeys((*kept, *(name for name in boundary if name not in graph.inputs)))
    inputs = tuple(name for name in graph.inputs if name not in raw)
    return Cut(
        npu=replace(graph, nodes=npu_nodes, outputs=tuple(outputs), inputs=inputs),
        cpu_nodes=tuple(cpu_nodes),
        boundary=boundary,
        raw_inputs=raw,
        cpu_outputs=tuple(name for name in graph.outputs if name in made),
    )
