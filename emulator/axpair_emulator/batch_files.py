"""Several files, or one, as the items of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from axpair_emulator.batch import one_item
from axpair_emulator.errors import InputError
from axpair_emulator.program import Port

Prepared = tuple[bytes, tuple[str, ...]]
"""Bytes, and notes for people."""


def batch_of(
    port: Port, files: Sequence[Path], prepare: Callable[[Port, Path], Prepared], *, dynamic: bool = False
) -> Prepared:
    """The input's bytes: a file for each item, or one for all; raw files may hold the whole batch.

    Where the batch is dynamic, several files make a batch of that many. Raises InputError for another number of files
    than the batch takes, and as `prepare` does.
    """
    if port.items == 1 and len(files) == 1:
        return prepare(port, files[0])
    if len(files) > port.items or (1 < len(files) < port.items and not dynamic):
        raise InputError(
            f"{len(files)} files for input {port.name!r}, which takes {'up to ' if dynamic else ''}{port.items} items",
            next_step="give one file for all items, or one for each",
        )
    (item,) = one_item([port])
    if len(files) > 1:
        found = [prepare(item, path) for path in files]
        return b"".join(data for data, _ in found), tuple(note for _, notes in found for note in notes)
    if files[0].suffix.lower() in (".bin", ".npy"):
        try:
            return prepare(port, files[0])
        except InputError:
            pass  # then it holds one item
    data, notes = prepare(item, files[0])
    return data * port.items, (*notes, f"{files[0]}: repeated {port.items} times to fill the batch")
