"""Batches: a joint takes several items along the first axis, its operators run once for each.

So an item's answer has the very bits that it has alone, whatever stands beside it. How the chip does it isn't
documented; that a dynamic batch takes any number of items up to its maximum is (advanced guide, 0.6.1.x).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from axpair_proto.dtypes import size_bytes

from axpair_emulator.errors import InputError
from axpair_emulator.program import Port

Array = np.ndarray[Any, Any]


def of_items(port: Port, items: int) -> Port:
    """The same port for another number of items."""
    if port.items == items:
        return port
    return replace(port, shape=(port.shape[0] // port.items * items, *port.shape[1:]), items=items)


def one_item(ports: Sequence[Port]) -> tuple[Port, ...]:
    """The ports as the operators see them."""
    return tuple(of_items(port, 1) for port in ports)


def items_in(port: Port, size: int) -> int:
    """How many items so many bytes of a port are; at least one, and rounded down where they are no whole number."""
    return max(1, min(port.items, size // max(1, size_bytes(port.dtype, port.shape) // port.items)))


def first_item(ports: Sequence[Port], inputs: Mapping[str, bytes]) -> dict[str, bytes]:
    """The inputs' first items; inputs that no port is named for are left out."""
    sizes = {port.name: size_bytes(port.dtype, port.shape) // port.items for port in ports}
    return {name: data[: sizes[name]] for name, data in inputs.items() if name in sizes}


def run_items(
    ports: Sequence[Port], inputs: Mapping[str, bytes], run: Callable[[Mapping[str, bytes]], dict[str, Array]]
) -> dict[str, Array]:
    """Run item by item and put the outputs together along their first axis.

    Each input holds the same number of items, at most as many as its port; what else there is `run` is told of in
    the last item, and refuses. Raises InputError when the inputs hold different numbers.
    """
    counts = {port.name: items_in(port, len(inputs[port.name])) for port in ports if port.name in inputs}
    if len(set(counts.values())) > 1:
        held = ", ".join(f"{name!r} {count}" for name, count in counts.items())
        raise InputError(
            f"the inputs hold different numbers of items: {held}",
            next_step="give every input the same batch",
        )
    count = max(counts.values(), default=1)
    if count == 1:
        return run(inputs)
    sizes = {port.name: size_bytes(port.dtype, port.shape) // port.items for port in ports}
    made: list[dict[str, Array]] = []
    for index in range(count):
        given = {
            name: data[index * sizes[name] : None if index == count - 1 else (index + 1) * sizes[name]]
            for name, data in inputs.items()
            if name in sizes
        }
        made.append(run(given))
    return {name: np.concatenate([part[name] for part in made]) for name in made[0]}
