"""A user's files in a folder of ours that is replaced: they go over into the new folder, and none is removed with the
old one."""

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.gt.marks import MARK, MARK_BESIDE, Mark, entries, is_mark, plain_file, remove_ours, unchanged
from axpair_proto.syncing import copy_stat


def carry_over(old: Path, fresh: Path, ours: Mapping[str, str]) -> set[str]:
    """Put everything of `old` that isn't `ours` into `fresh`, as the very same file where links can be made.

    Returns the paths below. Raises ContractError where `fresh` has another file of that name.
    """
    theirs = set()
    for name, path, is_folder in entries(old):
        if is_folder:
            if not any(path.iterdir()):
                _make_folder(old, fresh, name)
        elif name not in ours and not _marks(name, path):
            place = fresh / name
            if os.path.lexists(place):
                if name == MARK or not _same(path, place):
                    raise _in_the_way(path)
                place.unlink()
            _make_folder(old, fresh, os.path.dirname(name))  # noqa: PTH120
            _link(path, place)
            theirs.add(name)
    return theirs


def retire(old: Path, mark: Mark, target: Path) -> None:
    """Remove a folder whose place was taken: what its mark names, and what of the user's lies in `target` as well.

    What doesn't lie there (it came while the new folder was being written) is moved there; where another file has its
    place, it stays.
    """
    ours = unchanged(old, mark.files)
    for name, path, is_folder in entries(old):
        if is_folder:
            with contextlib.suppress(OSError):
                path.rmdir()
        elif name in ours:
            continue
        elif _marks(name, path):
            if name != MARK:
                path.unlink()
        elif _same(path, target / name):
            path.unlink()
        elif target.is_dir() and not os.path.lexists(target / name) and plain_way(target, name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            path.rename(target / name)
    remove_ours(old, mark)


def _marks(name: str, path: Path) -> bool:
    """Whether that is the folder's mark, or one that was being written."""
    return (name == MARK or name.startswith(MARK_BESIDE)) and is_mark(path)


def plain_way(folder: Path, name: str) -> bool:
    """Whether no link lies on the way from the folder to that path below it."""
    parents = [folder.joinpath(*name.split("/")[:end]) for end in range(1, name.count("/") + 1)]
    return not any(parent.is_symlink() for parent in parents)


def _same(one: Path, other: Path) -> bool:
    """Whether both are the same file, link or bytes."""
    try:
        first, second = one.lstat(), other.lstat()
        if (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino):
            return True
        if one.is_symlink() and other.is_symlink():
            return one.readlink() == other.readlink()
        plain = [plain_file(path.parent, path.name) for path in (one, other)]
        if None in plain or first.st_size != second.st_size:
            return False
        with one.open("rb") as ours, other.open("rb") as theirs:
            while part := ours.read(1 << 20):
                if part != theirs.read(len(part)):
                    return False
    except OSError:
        return False
    return True


def _make_folder(old: Path, fresh: Path, name: str) -> None:
    """The folder of that name below, as it is in `old`, with those above it."""
    if not name:
        return
    try:
        _make_folder(old, fresh, os.path.dirname(name))  # noqa: PTH120
        (fresh / name).mkdir(exist_ok=True)
        copy_stat(old / name, fresh / name)
    except FileExistsError:
        raise _in_the_way(old / name) from None


def _link(path: Path, place: Path) -> None:
    try:
        os.link(path, place, follow_symlinks=False)
    except (OSError, NotImplementedError):
        if not path.is_symlink() and not path.is_file():
            raise _in_the_way(path) from None
        shutil.copyfile(path, place, follow_symlinks=False)
        copy_stat(path, place)


def _in_the_way(path: Path) -> ContractError:
    return ContractError(
        f"{path}: axpair didn't write it, or it was changed since, and a file of that name would take its place",
        next_step="move it away, or give another folder",
    )
