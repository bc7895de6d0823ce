"""Tables inside a graph: codes are looked up as they are, whatever the table holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.session import Fragment, Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site


def looked_up(graph: Graph, index: str, table: Array, shape: Sequence[int]) -> str:
    """Entries of a flat table at int32 indices, in the given shape."""
    flat = graph.reshaped(index, (-1,))
    return graph.reshaped(graph.node("GatherElements", [graph.constant(table), flat]), shape)


def through(graph: Graph, codes: str, table: Array, shape: Sequence[int]) -> str:
    """Codes through a table with an entry for each; nothing is added for one that changes none."""
    if len(table) == 1 << 8 * table.itemsize and (table == np.arange(len(table))).all():
        return codes
    return looked_up(graph, graph.cast(codes, "int32"), table, shape)


def pair_fragment(site: Site, kernel: Kernel) -> Fragment | None:
    """An operator on two 8-bit tensors as a table of all pairs of codes, which the kernel computes; else None."""
    if site.tensor(0).bits != 8 or site.tensor(1).bits != 8:
        return None
    high, low = np.divmod(np.arange(1 << 16), 256)
    table = kernel([high.astype(np.uint8), low.astype(np.uint8)])

    def add(graph: Graph, operands: Sequence[str]) -> str:
        a, b = (graph.cast(name, "int32") for name in operands)
        pair = graph.node("Add", [graph.node("Mul", [a, graph.constant(np.int32(256))]), b])
        return looked_up(graph, pair, table, site.y.shape)

    return add
