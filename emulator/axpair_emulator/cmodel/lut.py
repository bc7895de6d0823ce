"""lut, channel_lut and concat: codes through tables that stand in the joint. Nothing is computed at run time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from axpair_emulator.cmodel.session import Fragment, Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site
from axpair_emulator.cmodel.tables import looked_up, through
from axpair_emulator.errors import EmulatorError

Lookup = Callable[[Array], Array]


def lookup(table: Array) -> Lookup:
    """Codes to entries; the fastest exact way for the table's size and width."""
    if table.dtype == np.uint8 and len(table) == 256:
        if (table == np.arange(256)).all():
            return np.ascontiguousarray
        return _bytes_lookup(table.tobytes())
    return lambda codes: table[codes]


def _bytes_lookup(table: bytes) -> Lookup:
    # bytes.translate is several times as fast as indexing an array.
    return lambda codes: np.frombuffer(bytearray(codes.tobytes().translate(table)), np.uint8).reshape(codes.shape)


def lut(site: Site) -> Kernel:
    """Prepare kind "lut"."""
    found = lookup(_table(site, "table", site.x.bits))
    return lambda operands: found(operands[0])


def lut_fragment(site: Site) -> Fragment:
    """Kind "lut" as part of a graph."""
    table = _table(site, "table", site.x.bits)
    return lambda graph, operands: through(graph, operands[0], table, site.y.shape)


def channel_lut(site: Site) -> Kernel:
    """Prepare kind "channel_lut": one table for each index of axis 1."""
    tables = site.array("table")
    found = [lookup(np.ascontiguousarray(table)) for table in tables]
    alike = bool((tables == tables[:1]).all())
    dtype = site.y.dtype

    def run(operands: Sequence[Array]) -> Array:
        (x,) = operands
        if alike:
            return found[0](x)
        codes = np.empty(x.shape, dtype)
        for channel, one in enumerate(found):
            codes[:, channel] = one(x[:, channel])
        return codes

    return run


def channel_lut_fragment(site: Site) -> Fragment:
    """Kind "channel_lut" as part of a graph: the tables stand one after the other."""
    tables = site.array("table").astype(site.y.dtype, copy=False)
    channels, entries = tables.shape

    def add(graph: Graph, operands: Sequence[str]) -> str:
        if (tables == tables[:1]).all():
            return through(graph, operands[0], tables[0], site.y.shape)
        starts = np.arange(0, channels * entries, entries, dtype=np.int32)
        starts = starts.reshape(-1, *(1,) * (len(site.x.shape) - 2))
        index = graph.node("Add", [graph.cast(operands[0], "int32"), graph.constant(starts)])
        return looked_up(graph, index, tables.ravel(), site.y.shape)

    return add


def concat(site: Site) -> Kernel:
    """Prepare kind "concat": each input through its own table, then joined along an axis."""
    axis = site.number("axis")
    found = [lookup(_table(site, f"table_{index}", site.tensor(index).bits)) for index in range(len(site.op.inputs))]

    def run(operands: Sequence[Array]) -> Array:
        return np.concatenate([one(x) for one, x in zip(found, operands, strict=True)], axis=axis)

    return run


def concat_fragment(site: Site) -> Fragment:
    """Kind "concat" as part of a graph."""
    tables = [_table(site, f"table_{index}", site.tensor(index).bits) for index in range(len(site.op.inputs))]

    def add(graph: Graph, operands: Sequence[str]) -> str:
        parts = [
            through(graph, name, table, site.tensor(index).shape)
            for index, (name, table) in enumerate(zip(operands, tables, strict=True))
        ]
        return graph.node("Concat", parts, axis=site.number("axis"))

    return add


def _table(site: Site, role: str, bits: int) -> Array:
    table = site.array(role)
    if table.shape != (1 << bits,):
        raise EmulatorError(
            f"the operator {site.op.name!r} has a table of {table.shape} entries; its codes need {1 << bits}"
        )
    return table.astype(site.y.dtype, copy=False)
