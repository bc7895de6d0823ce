"""Which ONNX operators the compiler can place, and by what."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.ids import INTEGERS
from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan import (
    convs,
    elementwise,
    gathering,
    movers,
    pooling,
    products,
    resizing,
    slicing,
    softmax,
    tables,
)
from axpair_emulator.plan.fit import Unfit
from axpair_emulator.plan.lowering import Placement
from axpair_emulator.plan.step import CHAIN, LOOKUP
from axpair_emulator.plan.unary import FUNCTIONS

PLACEMENTS: Mapping[str, Placement] = {
    **convs.PLACEMENTS,
    **products.PLACEMENTS,
    **elementwise.PLACEMENTS,
    **pooling.PLACEMENTS,
    **movers.PLACEMENTS,
    **gathering.PLACEMENTS,
    **slicing.PLACEMENTS,
    **resizing.PLACEMENTS,
    **softmax.PLACEMENTS,
    **tables.PLACEMENTS,
}
"""By the kind of a step: an ONNX operator type, or CHAIN for elementwise functions of one tensor."""

NO_SUCH = "the NPU has no such operator"
_NUMBERS = ("float32", "bool")
"""What a chain may hold inside; truth values don't leave it."""


def kind_of(node: Node, graph: Graph) -> str:
    """What the step of a node is called: its type, but for lookups."""
    return LOOKUP if gathering.is_lookup(node, graph) else node.op_type


def obstacle(node: Node, graph: Graph, *, unary: bool) -> str:
    """Why the NPU can't do a node; "" when it can. `unary`: it is an elementwise function of one tensor."""
    kind = kind_of(node, graph)
    if kind != LOOKUP and (words := of_ids(node, graph)):
        return words
    placement = None if kind in (CHAIN, LOOKUP) and node.op_type == kind else PLACEMENTS.get(kind)
    if node.domain not in ("", "ai.onnx") or (placement is None and node.op_type not in FUNCTIONS):
        return NO_SUCH
    if unary:
        return _chain_obstacle(node, graph)
    if placement is None:
        return "it combines several tensors; only a scalar constant is handled"
    try:
        placement.check(node, graph)
    except Unfit as reason:
        return str(reason)
    # Bytes of an input may be moved before they are made float.
    allowed = ("float32", "uint8") if placement.shares else ("float32",)
    operands = () if kind == LOOKUP else placement.operands(node)
    for name in (*operands, *filter(None, node.outputs)):
        dtype = str(graph.constants[name].dtype) if name in graph.constants else graph.dtypes[name]
        if dtype not in allowed:
            return f"{name!r} is {dtype}"
    return ""


def is_ids(name: str, graph: Graph) -> bool:
    """Whether a tensor is an input of whole numbers that are no picture."""
    return name in graph.inputs and graph.dtypes[name] in INTEGERS


def of_ids(node: Node, graph: Graph) -> str:
    """Why neither NPU nor CPU part computes with whole numbers of an input; "" where the node reads none."""
    wholes = [name for name in node.inputs if is_ids(name, graph)]
    if not wholes:
        return ""
    return (
        f"{wholes[0]!r} is an input of {graph.dtypes[wholes[0]]}; the NPU only takes rows of a constant table by such "
        "numbers (Gather on its first axis)"
    )


def _chain_obstacle(node: Node, graph: Graph) -> str:
    given = [graph.dtypes[name] for name in node.inputs if name in graph.dtypes and name not in graph.constants]
    made = graph.dtypes[node.outputs[0]]
    wrong = [dtype for dtype in given if dtype not in _NUMBERS and (node.op_type, dtype) != ("Cast", "uint8")]
    wrong += [made] if made not in _NUMBERS else []
    return f"it works on {wrong[0]}" if wrong else ""


def check_domains(model: onnx.ModelProto) -> None:
    """Raises ModelError for the first operator of a foreign domain: its type, domain, opset and node."""
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    for node in model.graph.node:
        if node.domain in ("", "ai.onnx"):
            continue
        raise ModelError(
            f"operator {node.op_type} (domain {node.domain}, opset {opsets.get(node.domain, 0)}) can't be placed: "
            f"node {node.name or node.output[0]!r}",
            next_step="export the model with operators of ONNX's own domain alone (not as a runtime optimised it), "
            "or cut it before this one and run the rest in your post-processor",
        )
