"""Folders and files that appear whole or not at all: write beside, fsync, rename."""

import ctypes
import glob
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axpair_proto.errors import ContractError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a fresh folder beside `target`; on leaving without an error it takes the target's place.

    An old target is swapped out in one step where the system can (renameat2 on Linux), else in two renames.
    On an error the fresh folder is removed and the target stays as it was.
    Raises ContractError when the parent can't be written.
    """
    fresh = _beside(target)
    try:
        yield fresh
        _sync_tree(fresh)
        if target.exists():
            _exchange(fresh, target)
        else:
            fresh.rename(target)
        _sync(target.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_whole_file(target: Path, data: bytes) -> None:
    """Write a file so that readers see the old bytes or the new ones; behind a symbolic link, the file it leads to.

    Raises ContractError when it can't be written, and for what is no file: devices, pipes and folders stay.
    """
    target = file_behind(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:60]}.", dir=target.parent)
    except OSError as error:
        raise ContractError(f"{target}: can't be written: {error.strerror}") from error
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(0o644)
        beside.replace(target)
    except OSError as error:
        raise ContractError(f"{target}: can't be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def file_behind(target: Path) -> Path:
    """Where `target` leads by symbolic links. Raises ContractError where that is there and no regular file."""
    try:
        behind = target.resolve() if target.is_symlink() else target
        if target.exists() and not target.is_file():
            kind = "a folder" if target.is_dir() else "a device or pipe, not a file"
            raise ContractError(f"{target}: can't be written: it is {kind}", next_step="give the path of a file")
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, up to Python 3.12
        raise ContractError(f"{target}: can't be written: {error}") from error
    return behind


def _beside(target: Path) -> Path:
    here = f".{target.name}.{platform.node()}."
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent, here)
        fresh = Path(tempfile.mkdtemp(prefix=f"{here}{os.getpid()}.", dir=target.parent))
        fresh.chmod(0o755)
    except OSError as error:
        raise ContractError(
            f"{target}: can't be written: {error.strerror}",
            next_step="give another output folder, or mend the permissions of its parent",
        ) from error
    return fresh


def _sweep(parent: Path, here: str) -> None:
    """Remove what killed processes of this machine left beside the target."""
    for left in parent.glob(glob.escape(here) + "*"):
        process = left.name[len(here) :].partition(".")[0]
        if process.isdecimal() and not _runs(int(process)):
            shutil.rmtree(left, ignore_errors=True)


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
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    target.rename(old / "old")
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return  # folders can't be opened everywhere; the rename is still atomic
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
