"""Windows of convolutions and pools as explicit numbers, whatever way the node asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.fit import Unfit, known, word
from axpair_emulator.program import WIDEST_PAD


@dataclass(frozen=True)
class Geometry:
    """A window of two axes. One spatial axis counts as images of one row."""

    kernel: list[int]
    strides: list[int]
    pads: list[int]
    """top, left, bottom, right."""
    dilations: list[int]
    group: int = 1
    output_padding: Sequence[int] = (0, 0)
    of_rows: bool = False

    @property
    def extents(self) -> list[int]:
        """Lengths of the window with its dilation."""
        return [(size - 1) * step + 1 for size, step in zip(self.kernel, self.dilations, strict=True)]


def conv_geometry(node: Node, graph: Graph) -> Geometry:
    """Of a Conv or ConvTranspose with known weights. Raises Unfit."""
    weight = known(node, graph, 1, "weight")
    if node.input(2):
        known(node, graph, 2, "bias")
    spatial = weight.ndim - 2
    if spatial not in (1, 2):
        raise Unfit(f"it has {spatial} spatial axes; one or two are handled")
    bare = _bare(node, list(weight.shape[2:]))
    if node.op_type == "ConvTranspose":
        return _with_pads(bare, _transposed_pads(node, graph, bare))
    return _with_pads(bare, _pads(node, graph, bare))


def pool_geometry(node: Node, graph: Graph) -> Geometry:
    """Of a pool with two spatial axes; ceil_mode has become padding. Raises Unfit."""
    kernel = list(node.attrs["kernel_shape"])
    if len(kernel) != 2:
        raise Unfit(f"its window has {len(kernel)} axes; one or two are handled")
    bare = _bare(node, kernel)
    pads = _pads(node, graph, bare)
    for axis, (extent, stride) in enumerate(zip(bare.extents, bare.strides, strict=True)):
        length = graph.shapes[node.input(0)][2 + axis] + pads[axis] + pads[2 + axis]
        given = graph.shapes[node.outputs[0]][2 + axis]
        # The last window reaches past the end; more padding says the same.
        pads[2 + axis] += max((given - 1) * stride + extent - length, 0)
    return _with_pads(bare, pads)


def _bare(node: Node, kernel: list[int]) -> Geometry:
    """Without pads, and with as many axes as the node has."""
    ones = [1] * len(kernel)
    strides, dilations = (list(node.attrs.get(name, ones)) for name in ("strides", "dilations"))
    extra = list(node.attrs.get("output_padding", [0] * len(kernel)))
    return Geometry(kernel, strides, [], dilations, int(node.attrs.get("group", 1)), extra)


def _with_pads(bare: Geometry, pads: list[int]) -> Geometry:
    if max(pads, default=0) > WIDEST_PAD:
        raise Unfit(f"its pads are {pads}; a window has at most {WIDEST_PAD}")
    if len(bare.kernel) == 2:
        return Geometry(bare.kernel, bare.strides, pads, bare.dilations, bare.group, bare.output_padding)
    return Geometry(
        [1, *bare.kernel],
        [1, *bare.strides],
        [0, pads[0], 0, pads[1]],
        [1, *bare.dilations],
        bare.group,
        [0, *bare.output_padding],
        of_rows=True,
    )


def _pads(node: Node, graph: Graph, bare: Geometry) -> list[int]:
    mode = word(node, "auto_pad", "NOTSET")
    if mode == "NOTSET":
        return list(node.attrs.get("pads", [0] * (2 * len(bare.kernel))))
    if mode == "VALID":
        return [0] * (2 * len(bare.kernel))
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise Unfit(f"auto_pad {mode!r} isn't known")
    before, after = [], []
    for length, extent, stride in zip(graph.shapes[node.input(0)][2:], bare.extents, bare.strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + extent - length, 0)
        smaller, larger = total // 2, total - total // 2
        before.append(smaller if mode == "SAME_UPPER" else larger)
        after.append(larger if mode == "SAME_UPPER" else smaller)
    return before + after


def _transposed_pads(node: Node, graph: Graph, bare: Geometry) -> list[int]:
    if "output_shape" not in node.attrs and word(node, "auto_pad", "NOTSET") in ("NOTSET", "VALID"):
        return _pads(node, graph, bare)
    given, wanted = graph.shapes[node.input(0)][2:], graph.shapes[node.outputs[0]][2:]
    totals = [
        (length - 1) * stride + extra + extent - result
        for length, stride, extra, extent, result in zip(
            given, bare.strides, bare.output_padding, bare.extents, wanted, strict=True
        )
    ]
    if any(total < 0 or total % 2 for total in totals):
        # Which side gets the odd one is told differently by ONNX and by its runtimes.
        raise Unfit(f"its output shape {wanted} can't be had by even pads; use explicit pads")
    return [total // 2 for total in totals] * 2
