"""Padding as explicit numbers, whatever way the node asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from axpair_emulator.plan.lowering import Lowering, unplaceable
from axpair_emulator.plan.step import Step


def explicit_pads(step: Step, program: Lowering, extents: Sequence[int], strides: Sequence[int]) -> list[int]:
    """[top, left, bottom, right] of a window of `extents` (dilation included), auto_pad resolved."""
    node = step.node
    mode = node.attrs.get("auto_pad", b"NOTSET")
    if mode == b"NOTSET":
        return list(node.attrs.get("pads", [0, 0, 0, 0]))
    if mode == b"VALID":
        return [0, 0, 0, 0]
    if mode not in (b"SAME_UPPER", b"SAME_LOWER"):
        raise unplaceable(node, program.graph, f"auto_pad {mode.decode(errors='replace')!r} isn't known")
    before, after = [], []
    for length, extent, stride in zip(program.graph.shapes[node.input(0)][2:], extents, strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + extent - length, 0)
        smaller, larger = total // 2, total - total // 2
        before.append(smaller if mode == b"SAME_UPPER" else larger)
        after.append(larger if mode == b"SAME_UPPER" else smaller)
    return before + after
