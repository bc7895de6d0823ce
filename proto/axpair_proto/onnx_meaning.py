"""What the values of a graph's outputs are, as the operators before them say: in the order of a score, or names."""

import math
import re
from collections.abc import Mapping

from axpair_proto.topology import axmodel_pb2

NAMES = frozenset(("ArgMax", "ArgMin"))
"""op_types whose results are places, such as classes: whole numbers that name something, and aren't more or less."""
_ORDERS = re.compile(r"^TopK$|NonMaxSuppression|NMS|Sort", re.IGNORECASE)
"""op_types that put rows into the order of a score, those of other vendors' domains included."""
_KEEPS = frozenset(
    ("Cast", "Flatten", "GatherElements", "GatherND", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Tile")
) | frozenset(("Expand", "Transpose", "Unsqueeze"))
"""op_types that hand on elements of their first input."""
_RENAMES = frozenset(("Add", "Div", "Mul", "Sub"))
"""op_types that give each name another one where they have a single number beside it."""
_RESIZES = frozenset(("Resize", "Upsample"))
_WHOLE = frozenset((2, 3, 4, 5, 6, 7, 12, 13))
"""TensorProto.DataType of whole numbers."""


def ordering(graph: axmodel_pb2.OnnxGraph) -> dict[str, str]:
    """Output to the operator that puts what it is made of into the order of a score. Nodes stand in the order of
    execution."""
    behind: dict[str, str] = {}
    for node in graph.node:
        own = node.op_type if _ORDERS.search(node.op_type) else ""
        operator = own or next((behind[name] for name in node.input if name in behind), "")
        if operator:
            behind.update(dict.fromkeys(node.output, operator))
    return {one.name: behind[one.name] for one in graph.output if one.name in behind}


def naming(graph: axmodel_pb2.OnnxGraph) -> dict[str, str]:
    """Output to the operator, such as ArgMax, whose results its elements are, or what a table of whole numbers has for
    them."""
    tables = {one.name for one in graph.initializer if one.data_type in _WHOLE}
    singles = {one.name for one in graph.initializer if math.prod(one.dims) == 1}
    behind: dict[str, str] = {}
    for node in graph.node:
        operator = node.op_type if node.op_type in NAMES else _handed_on(node, behind, tables, singles)
        if operator:
            behind.update(dict.fromkeys(node.output, operator))
    return {one.name: behind[one.name] for one in graph.output if one.name in behind}


def _handed_on(node: axmodel_pb2.OnnxNode, behind: Mapping[str, str], tables: set[str], singles: set[str]) -> str:
    if not node.input:
        return ""
    kind, first = node.op_type, node.input[0]
    if kind == "Concat":
        operators = [behind.get(name, "") for name in node.input]
        return operators[0] if all(operators) else ""
    if kind in _RENAMES and len(node.input) == 2 and singles & set(node.input):
        return next((behind[name] for name in node.input if name in behind), "")
    if kind == "Gather" and first in tables and len(node.input) > 1:
        return behind.get(node.input[1], "")
    nearest = all(one.s == b"nearest" for one in node.attribute if one.name == "mode")
    if kind in _KEEPS or kind == "Gather" or (kind in _RESIZES and nearest):
        return behind.get(first, "")
    return ""
