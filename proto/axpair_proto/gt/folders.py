"""Folders that appear whole or not at all, beside which and in which a user's files stay as they are."""

import contextlib
import ctypes
import glob
import os
import platform
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axpair_proto.advice import calling
from axpair_proto.errors import ContractError
from axpair_proto.failures import naming
from axpair_proto.gt.carrying import carry_over, retire
from axpair_proto.gt.listing import Named, marked, nothing_named, write_mark
from axpair_proto.gt.marks import MARK, MARK_BESIDE, UNFINISHED, Mark, files_written, read_mark, unchanged
from axpair_proto.syncing import copy_stat, make_folder, set_mode, set_usual_mode, sync, sync_tree

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_OLD = "old-"
"""Begins the last part of the name that a replaced folder has between two renames."""


@contextmanager
def whole_folder(target: Path, kind: str, *, named: Named = nothing_named, part_of: str = "") -> Iterator[Path]:
    """Give a fresh folder beside `target`; on leaving without an error it takes the target's place, marked as ours.

    What lies in an old target and isn't ours goes over into the new one. Ours is what its mark lists, or where it has
    none, as those of release 0.1.0, what its documents name. The swap is one step where the system can (renameat2 on
    Linux), else two renames.
    On an error the fresh folder is removed and the target stays as it was.
    Raises ContractError when the parent can't be written, when the target is a link or a file, where something is
    mounted there or below, and where a file that isn't ours has the name of one that was written.
    """
    refuse_link(target)
    refuse_mounts(target)
    fresh = _beside(target)
    try:
        with naming(target):
            yield fresh
        files = files_written(fresh)
        if target.is_dir():
            old = marked(target, kind, named, part_of=part_of)
            theirs = carry_over(target, fresh, unchanged(target, old.files))
            files = {name: sha256 for name, sha256 in files.items() if name not in theirs}
            set_mode(fresh, target.stat().st_mode)
        sync_tree(fresh)  # before the mark names the files: one that isn't as it is named would count as a user's
        write_mark(fresh, Mark(kind, files, part_of), target)
        if target.exists():
            _exchange(fresh, target)
        else:
            fresh.rename(target)
        sync(target.parent)
    finally:
        _settle(fresh, target)


def unfinished_folder(parent: Path, name: str) -> Path:
    """A fresh folder in `parent` that is ours whatever comes into it; `sweep_unfinished` removes it once this process
    has ended. Raises OSError."""
    fresh = Path(tempfile.mkdtemp(prefix=f"{_prefix(name)}{os.getpid()}.", dir=parent))
    write_mark(fresh, Mark(UNFINISHED))
    set_usual_mode(fresh, runs=True)
    return fresh


def sweep_unfinished(parent: Path, name: str | None = None) -> None:
    """Settle what processes of this machine that have ended left of folders with that name; of any, unless said."""
    node = glob.escape(platform.node())
    for left in sorted(parent.glob(f".{glob.escape(name) if name is not None else '*'}.{node}.*")):
        head, process, rest = left.name.rsplit(".", 2)
        target = parent / head[1 : -len(platform.node()) - 1]
        if not process.isdecimal() or int(process) == os.getpid() or _runs(int(process)):
            continue
        if rest.startswith(_OLD) and not os.path.lexists(target) and read_mark(left, target):
            left.rename(target)
        else:
            _settle(left, target)


def discard(folder: Path) -> None:
    """Remove a folder of `unfinished_folder`, and nothing that isn't marked as one.

    The mark goes last: what is left by a process that is killed meanwhile must be known as ours.
    """
    mark = read_mark(folder)
    if mark is not None and mark.kind == UNFINISHED:
        for path in list(folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != MARK:
                with contextlib.suppress(OSError):
                    path.unlink()
        shutil.rmtree(folder, ignore_errors=True)


def _settle(left: Path, target: Path) -> None:
    """Remove what was being written, or what was replaced; only of marked folders, and of empty ones."""
    mark = read_mark(left, target)
    if mark is None:
        with contextlib.suppress(OSError):
            for path in left.glob(f"{MARK_BESIDE}*"):
                path.unlink()
            left.rmdir()
    elif mark.kind == UNFINISHED:
        discard(left)
    else:
        with contextlib.suppress(OSError, ContractError):
            retire(left, mark, target)


def refuse_link(target: Path) -> None:
    """Raise ContractError where a link or a file is in the place of a folder that is to be written."""
    if target.is_symlink():
        raise ContractError(
            f"{target}: is a link to {target.readlink()}, and nothing behind a link is replaced",
            next_step="remove the link, or give the folder itself",
        )
    if target.exists() and not target.is_dir():
        raise ContractError(
            f"{target}: is a file where a folder goes", next_step="move it away, or give another folder"
        )


def refuse_mounts(target: Path) -> None:
    """Raise ContractError where a disk is mounted at `target` or below: such a place can't be renamed, and what lies
    on that disk isn't ours to move."""
    place = os.path.realpath(target)
    for mounted in _mounts():
        if mounted == place:
            raise ContractError(
                f"{target}: a disk is mounted there, and its place can't be taken by a new folder",
                next_step=f"give a folder below it, such as {shlex.quote(str(target / 'new'))}",
            )
        if mounted.startswith(f"{place}{os.sep}"):
            raise ContractError(
                f"{mounted}: a disk is mounted there, and {target} would be replaced around it",
                next_step=calling("umount", mounted, text="unmount it, or give another folder:"),
            )


def _mounts() -> list[str]:
    """Where something is mounted, bind mounts too; none where the system doesn't say."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return []
    points = [fields[4] for line in lines if len(fields := line.split(b" ")) > 4]
    return [os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda code: bytes([int(code[1], 8)]), point)) for point in points]


def own_file(path: Path) -> None:
    """Where a file has other names, as in a backup of hard links, give this name a copy of its own: what is written
    into the file would change the backup. Raises OSError, ContractError."""
    if not path.is_file() or path.stat().st_nlink < 2:
        return
    folder = unfinished_folder(path.parent, path.name)
    try:
        shutil.copyfile(path, folder / path.name)
        copy_stat(path, folder / path.name)
        sync_tree(folder)
        (folder / path.name).replace(path)
        sync(path.parent)
    finally:
        discard(folder)


def _prefix(name: str) -> str:
    return f".{name}.{platform.node()}."


def _beside(target: Path) -> Path:
    try:
        make_folder(target.parent)
        sweep_unfinished(target.parent, target.name)
        return unfinished_folder(target.parent, target.name)
    except OSError as error:
        raise ContractError(
            f"{target}: can't be written: {error.strerror}",
            next_step="give another output folder, or mend the permissions of its parent",
        ) from error


def _runs(process: int) -> bool:
    if os.name == "nt":
        return True  # signal 0 would end it there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _exchange(fresh: Path, target: Path) -> None:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        done = libc.renameat2(_AT_FDCWD, os.fsencode(fresh), _AT_FDCWD, os.fsencode(target), _RENAME_EXCHANGE)
        if done == 0:
            return
    except (OSError, AttributeError, TypeError):
        pass  # no such call here: two renames do, with a moment in which no target is there
    old = fresh.with_name(f"{_prefix(target.name)}{os.getpid()}.{_OLD}{fresh.name.rpartition('.')[2]}")
    target.rename(old)
    fresh.rename(target)
    old.rename(fresh)
