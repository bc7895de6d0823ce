"""A kernel of one operator from its fragment of a graph."""

from __future__ import annotations

from collections.abc import Sequence

from axpair_emulator.cmodel.session import Fragment, Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site


def kernel_of(site: Site, fragment: Fragment, blocked: bool = False) -> Kernel:
    """Make the operator executable by itself."""
    graph = Graph()
    names = [graph.input(f"operand{index}", site.tensor(index).dtype.name) for index in range(len(site.op.inputs))]
    graph.output(fragment(graph, names), site.y.dtype.name)
    session = graph.session(site.threads, blocked)

    def run(operands: Sequence[Array]) -> Array:
        return session(dict(zip(names, operands, strict=True)))[0]

    return run
