"""Joints for faults: real models, and hand-made ones where no model of the zoo gives room."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from pathlib import Path

import numpy as np
from axpair_emulator.program import Op, Port, Tensor
from emulator.joints import Built, small_network
from emulator.programs import network
from emulator.real_nets import batched_net, real_net
from emulator.toys import write_joint


def model_named(name: str) -> Built:
    """A real model by its name, or one of those made here."""
    made = {"small network": small_network, "many outputs": many_outputs, "joined": joined}
    if name.startswith("batched "):
        return batched_net(name.removeprefix("batched "))
    return made[name]() if name in made else real_net(name)


@functools.cache
def many_outputs() -> Built:
    """The small network with two NCHW outputs alike and one of fixed-point numbers besides its own two."""
    program = network()
    more = (
        Port("first", "first", "float32", (1, 16, 24, 24), "NCHW"),
        Port("sum", "sum", "float32", (1, 16, 24, 24), "NCHW"),
        Port("fixed", "scores", "int16", (1, 5), "", q=64),
    )
    path = Path(_folder().name) / "many.joint"
    write_joint(path, dataclasses.replace(program, outputs=(*program.outputs, *more), vnpu_mode="1_1"))
    return Built(path, path, small_network().inputs, small_network().others)


@functools.cache
def joined() -> Built:
    """The small network with a concatenation of three tensors as another output."""
    program = network()
    parts = ("first", "deep", "sum")
    tables = {f"table_{index}": np.roll(np.arange(256, dtype=np.uint8), index) for index in range(len(parts))}
    op = Op("concat", "join", parts, "joined", {"axis": 1}, {role: f"join.{role}" for role in tables})
    path = Path(_folder().name) / "joined.joint"
    write_joint(
        path,
        dataclasses.replace(
            program,
            outputs=(*program.outputs, Port("joined", "joined", "float32", (1, 48, 24, 24), "NCHW")),
            tensors={**program.tensors, "joined": Tensor("joined", (1, 48, 24, 24), 0.05, 100)},
            ops=(*program.ops, op),
            arrays={**program.arrays, **{f"join.{role}": table for role, table in tables.items()}},
        ),
    )
    return Built(path, path, small_network().inputs, small_network().others)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="axpair-test-faults-", ignore_cleanup_errors=True)
