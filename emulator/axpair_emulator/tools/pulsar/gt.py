"""The gt folder as `pulsar run` writes it: input/, then one folder for each form of the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from axpair_proto.errors import ContractError
from axpair_proto.gt.tensors import tensor_files
from axpair_proto.names import RENAME, gt_file_stem, joint_name

from axpair_emulator.batch import items_in, of_items
from axpair_emulator.program import Port

Array = np.ndarray[Any, Any]


def input_files(
    ports: Sequence[Port], data: Mapping[str, bytes], files: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, bytes]]:
    """Path in the gt folder and content of what input/ gets: the bytes that every model was fed with, and filename.txt
    with the files they came from, a line for each input; a batch's files follow each other.

    Raises ContractError when names collide.
    """
    stems = _stems(port.name for port in ports)
    given = [of_items(port, items_in(port, len(data[port.name]))) for port in ports]
    arrays = {port.name: np.frombuffer(data[port.name], port.dtype).reshape(port.shape) for port in given}
    for name, content in tensor_files(arrays, stems):
        yield f"input/{name}", content
    lines = "".join(f"{name}\n" for port in ports for name in files[port.name])
    yield "input/filename.txt", lines.encode("utf-8", "surrogateescape")


def output_files(stage: str, outputs: Mapping[str, Array]) -> Iterator[tuple[str, bytes]]:
    """The same of one form's outputs."""
    for name, content in tensor_files(outputs, _stems(outputs)):
        yield f"{stage}/{name}", content


def bin_files(stage: str, names: Sequence[str]) -> dict[str, str]:
    """Name of an output to the path of its .bin in the gt folder, as the log shows it."""
    stems = _stems(names)
    return {name: f"{stage}/{stems[name]}.bin" for name in names}


def _stems(names: Iterable[str]) -> dict[str, str]:
    """Name to file, as the joint has the name: so does `run_joint`, and what the real command does isn't known.
    Raises ContractError where two share one."""
    taken: dict[str, str] = {}
    stems: dict[str, str] = {}
    for name in names:
        stems[name] = gt_file_stem(joint_name(name))
        other = taken.setdefault(stems[name].casefold(), name)
        if other != name:
            message = f"the names {other!r} and {name!r} would both be stored as {stems[name]!r}"
            raise ContractError(message, next_step=RENAME)
    return stems
