"""Operators that choose among codes: gather, lookup, maximum, minimum, reduce_max and reduce_min."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from axpair_emulator.cmodel.lut import lookup
from axpair_emulator.cmodel.site import Array, Kernel, Site

Choose = Callable[[Array, Array], Array]


def gather(site: Site) -> Kernel:
    """Prepare kind "gather"."""
    picks = [(axis, site.array(f"indices_{index}")) for index, axis in enumerate(site.numbers("axes"))]
    shape = site.y.shape

    def run(operands: Sequence[Array]) -> Array:
        codes = operands[0]
        for axis, indices in picks:
            codes = np.take(codes, indices, axis=axis)
        return np.ascontiguousarray(codes).reshape(shape)

    return run


def table_rows(site: Site) -> Kernel:
    """Prepare kind "lookup". Negative numbers count from the end; those beyond the table take its first or last row."""
    table, shape = site.array("table").astype(site.y.dtype, copy=False), site.y.shape
    rows = len(table)

    def run(operands: Sequence[Array]) -> Array:
        places = operands[0].astype(np.int64).ravel()
        places[places < 0] += rows
        return table[np.clip(places, 0, rows - 1)].reshape(shape)

    return run


def maximum(site: Site) -> Kernel:
    """Prepare kind "maximum"."""
    return _chosen(site, np.maximum)


def minimum(site: Site) -> Kernel:
    """Prepare kind "minimum"."""
    return _chosen(site, np.minimum)


def _chosen(site: Site, choose: Choose) -> Kernel:
    tables = [
        lookup(site.array(f"table_{index}").astype(site.y.dtype, copy=False)) for index in range(len(site.op.inputs))
    ]

    def run(operands: Sequence[Array]) -> Array:
        codes = (table(operand) for table, operand in zip(tables, operands, strict=True))
        return np.array(functools.reduce(choose, codes))

    return run


def reduce_max(site: Site) -> Kernel:
    """Prepare kind "reduce_max"."""
    axes, keepdims = site.numbers("axes"), bool(site.number("keepdims"))
    return lambda operands: np.asarray(operands[0].max(axis=axes, keepdims=keepdims))


def reduce_min(site: Site) -> Kernel:
    """Prepare kind "reduce_min"."""
    axes, keepdims = site.numbers("axes"), bool(site.number("keepdims"))
    return lambda operands: np.asarray(operands[0].min(axis=axes, keepdims=keepdims))
