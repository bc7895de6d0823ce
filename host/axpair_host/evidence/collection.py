"""Tensors from wherever they lie: a folder, a tree of folders, an .npz, one file. For comparing two of anything.

A tree is `pulsar2 run`'s (a folder a case), a gt folder (a folder a leg) or any other: each folder that holds
tensors is a group, named by its path. Nothing is read before it is asked for.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from axpair_proto.errors import ContractError
from axpair_proto.filekinds import kind_of
from axpair_proto.gt.tensors import (
    UnreadableTensor,
    bin_size,
    leads_out,
    other_files,
    read_bin,
    read_npy,
    read_npz,
    read_tensor,
    stem_leads_out,
    stems_in,
)

from axpair_host.errors import EvidenceError
from axpair_host.evidence.archives import is_archive, unpacked
from axpair_host.evidence.record import LEGS
from axpair_host.files import where_it_belongs

Array = np.ndarray[Any, Any]
_DEEPEST = 4


@dataclass(frozen=True)
class Stored:
    """One tensor that can be read: the .npy and .bin of a stem, a lone .bin, or an array that was read already."""

    stem: Path
    array: Array | None = field(default=None, repr=False)
    lone: bool = False
    """Only the .bin was named: an .npy beside it isn't looked at."""
    refused: str = ""
    """Why it isn't read at all."""

    @property
    def typed(self) -> bool:
        """Whether the file itself says dtype and shape; a lone .bin doesn't."""
        there = not self.lone and self.stem.with_name(f"{self.stem.name}.npy").is_file()
        return self.array is not None or there or bool(self.refused)

    def read(self, declared: tuple[str, tuple[int, ...]] | None = None) -> Array:
        """The tensor; a lone .bin needs `declared`, else it comes as flat uint8.

        Raises EvidenceError, UnreadableTensor where this one alone isn't to be had.
        """
        if self.array is not None:
            return self.array
        if self.refused:
            raise UnreadableTensor(self.refused)
        try:
            if self.lone:
                dtype, shape = declared or ("uint8", (self.size_bytes(),))
                return read_bin(self.stem.with_name(f"{self.stem.name}.bin"), dtype, shape)
            return read_tensor(self.stem, declared)
        except UnreadableTensor:
            raise
        except ContractError as error:
            raise EvidenceError(error.message, next_step=error.next_step) from error

    def content_bytes(self) -> int:
        """Of its elements; 0 where it can't be read."""
        try:
            return self.read().nbytes
        except (EvidenceError, UnreadableTensor):
            return 0

    def size_bytes(self) -> int:
        """Of a lone .bin: its length. Raises UnreadableTensor."""
        return bin_size(self.stem.with_name(f"{self.stem.name}.bin"))


Groups = Mapping[str, Mapping[str, Stored]]
"""Group ("" for the top) to stem to tensor."""


@contextmanager
def collected(path: Path) -> Iterator[Groups]:
    """Find every tensor in a file, folder or archive. Raises EvidenceError when there is none."""
    if is_archive(path) and path.is_file():
        with unpacked(path) as folder:
            # 'tar czf gt.tar.gz gt' has the folder itself as its only member.
            while len(inner := list(folder.iterdir())) == 1 and inner[0].is_dir() and inner[0].name not in LEGS:
                folder = inner[0]
            yield _found(folder, path)
    else:
        yield _found(path, path)


def _found(path: Path, named: Path) -> Groups:
    if path.is_dir():
        groups: Groups = dict(_tree(path, "", 0, path))
    elif path.is_file():
        groups = _file(path)
    elif path.exists():
        raise EvidenceError(f"{named}: is {kind_of(path).value}", next_step="give a folder, an archive or a tensor")
    else:
        raise EvidenceError(f"{named}: there is no such file or folder", next_step="check the path")
    if not groups:
        others = other_files(path) if path.is_dir() else []
        shown = f", but {', '.join(others[:4])}{', ...' if others[4:] else ''}" if others else ""
        next_step = "rename files of raw bytes to NAME.bin, or save .npy" if others else ""
        raise EvidenceError(f"{named}: no .npy, .bin or .npz in it{shown}", next_step=next_step)
    return groups


def _tree(folder: Path, group: str, depth: int, root: Path) -> Iterator[tuple[str, Mapping[str, Stored]]]:
    try:
        tensors = {stem: _stored(path, root) for stem, path in stems_in(folder).items()}
        inner = sorted(p for p in folder.iterdir() if p.suffix == ".npz" or p.is_dir())
    except UnreadableTensor as error:
        raise EvidenceError(error.message) from error
    except OSError as error:
        raise EvidenceError(f"{folder}: can't be read: {error.strerror}") from error
    if tensors:
        yield group, tensors
    for path in inner:
        name = f"{group}/{path.name}" if group else path.name
        if path.is_symlink() and path.is_dir():
            if leads_out(path, root):  # else it is found where it lies
                yield name, {path.name: Stored(path, refused=_link(path, root))}
        elif path.is_dir() and depth < _DEEPEST:
            yield from _tree(path, name, depth + 1, root)
        elif path.is_file() and not leads_out(path, root):
            try:
                yield name, _npz(path)
            except EvidenceError as error:
                yield name, {path.stem: Stored(path, refused=error.message)}


def _stored(stem: Path, root: Path) -> Stored:
    if stem_leads_out(stem, root):
        return Stored(stem, refused=_link(stem, root))
    return Stored(stem)


def _link(path: Path, root: Path) -> str:
    return f"{path}: a link that leads out of {root}, which isn't followed"


def _file(path: Path) -> Groups:
    if path.suffix == ".npz":
        return {"": _npz(path)}
    if path.suffix == ".npy":
        try:
            return {"": {path.stem: Stored(path.with_suffix(""), read_npy(path))}}
        except ContractError as error:
            raise EvidenceError(error.message, next_step=error.next_step) from error
    if path.suffix == ".bin":
        return {"": {path.stem: Stored(path.with_suffix(""), lone=True)}}
    kind = kind_of(path)
    raise EvidenceError(
        f"{path}: is {kind.value}, and no .npy, .bin, .npz, .tar or .zip",
        next_step=where_it_belongs(path, kind) or "give a folder, an archive or a tensor",
    )


def _npz(path: Path) -> Mapping[str, Stored]:
    try:
        return {name: Stored(path, array) for name, array in read_npz(path).items()}
    except ContractError as error:
        raise EvidenceError(error.message, next_step=error.next_step) from error
