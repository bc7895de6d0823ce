"""Whether the NPU can do a node: what stands against it is raised as a reason, before anything is calibrated."""

from __future__ import annotations

from axpair_emulator.graph.view import Array, Graph, Node


class Unfit(Exception):
    """A node of a type that the NPU has, with settings that it lacks; the text says which."""


def known(node: Node, graph: Graph, index: int, role: str) -> Array:
    """A weight or parameter, known when building; Unfit when it is computed at run time or absent."""
    name = node.input(index)
    if name in graph.constants:
        return graph.constants[name]
    if not name:
        raise Unfit(f"it has no {role}")
    raise Unfit(f"its {role} {name!r} is {'an input of the model' if name in graph.inputs else 'computed at run time'}")


def integers(node: Node, graph: Graph, index: int, role: str) -> list[int]:
    """A parameter that is a list of whole numbers."""
    return [int(value) for value in known(node, graph, index, role).ravel()]


def word(node: Node, name: str, default: str) -> str:
    """An attribute that is a word."""
    value = node.attrs.get(name, default)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def axes_of(node: Node, graph: Graph, index: int = 1) -> list[int]:
    """The axes of a reduction, sorted: all of them unless said, none with noop_with_empty_axes."""
    rank = len(graph.shapes[node.input(0)])
    if node.input(index):
        axes = integers(node, graph, index, "axes")
    else:
        axes = [int(axis) for axis in node.attrs.get("axes", [])]
    if not axes:
        axes = [] if node.attrs.get("noop_with_empty_axes", 0) else list(range(rank))
    return sorted(axis % rank for axis in axes)
