"""The mark in a folder of ours: it lists what axpair wrote there. Whatever it doesn't name is the user's and stays.

`.axpair` is JSON: what the folder is, every path that we wrote with the sha256 of its bytes, and the folder's identity.
A folder keeps its identity where it is renamed; a copy of it, or another folder that the mark was moved into, has one
of its own and isn't ours.
"""

import contextlib
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axpair_proto.errors import ContractError
from axpair_proto.regular import MOST_BYTES, open_regular

MARK = ".axpair"
MARK_BESIDE = f".{MARK}."
"""So begins the name of a mark that is being written."""
UNFINISHED = "unfinished"
"""Kind of a folder that is being written: all of it is ours, under whatever name."""
_VERSION = 1
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Mark:
    """What a folder of ours is."""

    kind: str
    files: Mapping[str, str] = field(default_factory=dict)
    """Path below the folder, '/' between its parts, to the sha256 of what we wrote; "" where that goes on changing."""
    part_of: str = ""
    """The id of the folder that this one belongs to, such as a run's; "" where it stands alone."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))


def encoded(mark: Mark, folder: Path, place: Path) -> bytes:
    """The mark as a file of `folder`, which is going to lie at `place`."""
    state = folder.stat()
    document = {
        "schema_version": _VERSION,
        "made_by": "axpair",
        "kind": mark.kind,
        "id": mark.id,
        "part_of": mark.part_of,
        "identity": {"device": state.st_dev, "inode": state.st_ino, "path": os.fspath(place.resolve())},
        "files": dict(sorted(mark.files.items())),
    }
    return json.dumps(document, indent=1).encode("ascii") + b"\n"


def read_mark(folder: Path, place: Path | None = None) -> Mark | None:
    """The folder's mark; None where there is none, where it makes no sense, and where it is another folder's.

    `place` is where the folder lay, or was to lie, where that is elsewhere.
    """
    try:
        document = _document(folder / MARK)
        if document["schema_version"] != _VERSION or not _is_of(document["identity"], folder, place or folder):
            return None
        mark = Mark(document["kind"], document["files"], document["part_of"], document["id"])
        if not all(isinstance(one, str) for one in (mark.kind, mark.part_of, mark.id, *mark.files.values())):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return mark


def listed_elsewhere(folder: Path) -> frozenset[str] | None:
    """The paths in a mark that lies here and may be another folder's; None where there is none."""
    try:
        return frozenset(_document(folder / MARK)["files"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def kind_said(folder: Path) -> str:
    """What a mark that lies here says that its folder is, be it this one or another; "" where there is none."""
    try:
        return str(_document(folder / MARK)["kind"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def is_mark(path: Path) -> bool:
    """Whether a file is a mark, be it of another folder, or one that was being written."""
    if path.name.startswith(MARK_BESIDE):
        return plain_file(path.parent, path.name) is not None
    try:
        document = _document(path)
        return bool(document["made_by"] == "axpair" and document["identity"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _document(path: Path) -> Any:
    """JSON of a mark. Raises OSError and ValueError."""
    if not stat.S_ISREG(path.lstat().st_mode) or path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path} is no mark")
    return json.loads(path.read_bytes())


def _is_of(identity: Mapping[str, object], folder: Path, place: Path) -> bool:
    """A device's number may change when a machine starts again; then the path tells."""
    state = folder.stat()
    same_place = identity["path"] in (os.fspath(folder.resolve()), os.fspath(place.resolve()))
    return identity["inode"] == state.st_ino and (identity["device"] == state.st_dev or same_place)


def unchanged(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Those of `files` that lie in the folder as plain files with the bytes that we wrote; none is behind a link."""
    return {name: sha256 for name, sha256 in files.items() if _is_unchanged(folder, name, sha256)}


def changed(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Those of `files` that are there in some form, but not as we wrote them."""
    return [name for name in files if os.path.lexists(folder / name) and not _is_unchanged(folder, name, files[name])]


def _is_unchanged(folder: Path, name: str, sha256: str) -> bool:
    path = plain_file(folder, name)
    if path is None or _is_too_long(path):
        return False
    return not sha256 or file_sha256(path) == sha256


def _is_too_long(path: Path) -> bool:
    """Whether it is longer than any file that is read here: of ours none is."""
    try:
        return path.stat().st_size > MOST_BYTES
    except OSError:
        return False  # it went meanwhile: whoever reads it says so


def plain_file(folder: Path, name: str) -> Path | None:
    """The file of that name below the folder; None where none is there, or only behind a link."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts) or (os.name == "nt" and "\\" in name):
        return None
    path = folder
    try:
        for part in parts:
            if path != folder and not stat.S_ISDIR(path.lstat().st_mode):
                return None
            path = path / part
        return path if stat.S_ISREG(path.lstat().st_mode) else None
    except OSError:
        return None


def remove_files(folder: Path, names: Iterable[str]) -> None:
    """Remove these files of the folder, and the folders below it that then are empty. What can't be removed stays."""
    listed = list(names)
    for name in listed:
        path = plain_file(folder, name)
        if path is not None:
            _ignoring(path.unlink)
    parents = {folder.joinpath(*name.split("/")[:end]) for name in listed for end in range(1, name.count("/") + 1)}
    for parent in sorted(parents, key=lambda path: len(path.parts), reverse=True):
        if not parent.is_symlink():
            _ignoring(parent.rmdir)


def remove_ours(folder: Path, mark: Mark) -> None:
    """Remove what the folder's mark names and nobody changed, then the mark, then the folder where it is empty."""
    remove_files(folder, unchanged(folder, mark.files))
    remove_files(folder, [MARK])
    _ignoring(folder.rmdir)


def entries(folder: Path) -> Iterator[tuple[str, Path, bool]]:
    """Everything below a folder: path below it, path, and whether it is a folder; deepest first, no link followed."""
    for where, below, names in os.walk(folder, topdown=False):
        here = Path(where)
        for name in (*names, *below):
            path = here / name
            yield path.relative_to(folder).as_posix(), path, name in below and not path.is_symlink()


def files_written(folder: Path) -> dict[str, str]:
    """Every plain file below a folder with its sha256; the folder's own mark isn't among them."""
    return {
        name: file_sha256(path)
        for name, path, is_folder in entries(folder)
        if not is_folder and name != MARK and stat.S_ISREG(path.lstat().st_mode)
    }


def file_sha256(path: Path) -> str:
    """Digest of a plain file. Raises ContractError where it can't be read."""
    whole = hashlib.sha256()
    try:
        with open_regular(path) as stream:
            while part := stream.read(1 << 20):
                whole.update(part)
    except OSError as error:
        raise ContractError(f"{path}: can't be read: {error.strerror}") from error
    return whole.hexdigest()


def _ignoring(remove: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        remove()
