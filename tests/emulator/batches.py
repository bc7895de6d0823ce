"""Joints that take batches: the real models' own, for several items."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

from axpair_emulator.batch import of_items
from axpair_emulator.program import Program
from axpair_emulator.reference.engine import Reference
from axpair_emulator.storage.joint_file import load_edges, load_reference, pack_program
from emulator.joints import Built, built


def for_items(program: Program, items: int, *, dynamic: bool) -> Program:
    """What a build with that batch gives; test_batch.py holds it against one."""
    return replace(
        program,
        inputs=tuple(of_items(port, items) for port in program.inputs),
        outputs=tuple(of_items(port, items) for port in program.outputs),
        max_batch=items,
        dynamic_batch=dynamic,
    )


@functools.cache
def batched(model: str, items: int = 3, *, dynamic: bool = True) -> Built:
    """A real model that takes several items, with as many different ones as there are."""
    single = built(model)
    program = for_items(single.program, items, dynamic=dynamic)
    path = Path(single.joint).with_name(f"batch{items}{'d' if dynamic else 's'}.joint")
    path.write_bytes(pack_program(program, load_edges(single.joint).config))
    every = [single.inputs, *single.others][:items]
    inputs = {name: b"".join(one[name] for one in every) for name in single.inputs}
    return Built(path, single.lava_joint, inputs, ({name: data[::-1] for name, data in inputs.items()},))


def reference_of(model: Built) -> Reference:
    """The quantised float model between the batch's edges."""
    return Reference(load_reference(model.lava_joint).model, model.program.inputs, model.program.outputs)
