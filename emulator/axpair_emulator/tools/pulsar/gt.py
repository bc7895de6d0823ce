"""The gt folder as `pulsar run` writes it: input/, then one folder for each form of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from axpair_proto.gt.replacing import whole_folder
from axpair_proto.gt.tensors import write_tensors
from axpair_proto.names import file_stems

from axpair_emulator.batch import items_in, of_items
from axpair_emulator.program import Port

Array = np.ndarray[Any, Any]


def write_inputs(
    folder: Path, ports: Sequence[Port], data: Mapping[str, bytes], files: Mapping[str, Sequence[str]]
) -> None:
    """Write input/: the bytes that every model was fed with, and filename.txt with the files they came from, a line
    for each input; a batch's files follow each other. Raises ContractError when names collide or the folder can't be
    written."""
    stems = file_stems(port.name for port in ports)
    given = [of_items(port, items_in(port, len(data[port.name]))) for port in ports]
    arrays = {port.name: np.frombuffer(data[port.name], port.dtype).reshape(port.shape) for port in given}
    with whole_folder(folder / "input") as fresh:
        write_tensors(fresh, arrays, stems)
        lines = "".join(f"{name}\n" for port in ports for name in files[port.name])
        (fresh / "filename.txt").write_text(lines, encoding="utf-8", errors="surrogateescape")


def write_outputs(folder: Path, stage: str, outputs: Mapping[str, Array]) -> list[tuple[str, str]]:
    """Write one form's outputs, replacing older ones; (name, path of the .bin) of each, as the log shows them."""
    stems = file_stems(outputs)
    with whole_folder(folder / stage) as fresh:
        write_tensors(fresh, outputs, stems)
    return [(name, (folder / stage / f"{stems[name]}.bin").as_posix()) for name in outputs]
