"""Which ONNX operators the compiler can place, and by what."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from axpair_emulator.errors import ModelError
from axpair_emulator.plan import convs, elementwise, movers, pooling, products, resizing, slicing, softmax, tables
from axpair_emulator.plan.lowering import Placement
from axpair_emulator.plan.unary import FUNCTIONS

PLACEMENTS: Mapping[str, Placement] = {
    **convs.PLACEMENTS,
    **products.PLACEMENTS,
    **elementwise.PLACEMENTS,
    **pooling.PLACEMENTS,
    **movers.PLACEMENTS,
    **slicing.PLACEMENTS,
    **resizing.PLACEMENTS,
    **softmax.PLACEMENTS,
    **tables.PLACEMENTS,
}
"""By the kind of a step: an ONNX operator type, or CHAIN for elementwise functions of one tensor."""


def is_placeable(op_type: str, domain: str) -> bool:
    """Whether the NPU has the operator type."""
    return (op_type in PLACEMENTS or op_type in FUNCTIONS) and domain in ("", "ai.onnx")


def check_operators(model: onnx.ModelProto, *, cpu: bool = False) -> None:
    """Raises ModelError for the first operator that can't be placed: its type, domain, opset and node.

    With `cpu` those of ONNX's own domain may go to the CPU.
    """
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    for node in model.graph.node:
        standard = node.domain in ("", "ai.onnx")
        if standard and (cpu or node.op_type == "Constant" or is_placeable(node.op_type, node.domain)):
            continue
        domain = node.domain or "ai.onnx"
        opset = opsets.get(node.domain, opsets.get("", 0))
        raise ModelError(
            f"operator {node.op_type} (domain {domain}, opset {opset}) can't be placed: "
            f"node {node.name or node.output[0]!r}",
            next_step="replace it by operators that can (see docs/emulator.md), or cut the model before it and "
            "run the rest in your post-processor",
        )
