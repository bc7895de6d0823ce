"""Onto the disk, so that it outlives a power cut: a file's bytes, and the names in a folder."""

import errno
import os
import shutil
import stat
from pathlib import Path

from axpair_proto.failures import naming

_FOLDERS_CANT = (errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EISDIR)
"""What systems answer that sync names by themselves, or not at all."""
_NO_MODES = (errno.EPERM, errno.ENOTSUP, errno.EINVAL)
_NOT_OURS = (errno.EACCES, errno.EPERM)
"""What a user's file answers that lies among ours; and folders, on systems that open none."""


def sync(path: Path) -> None:
    """Return once the file's bytes, or the folder's names, are on the disk; what a folder's files hold is theirs.

    Raises OSError where the disk fails.
    """
    is_folder = path.is_dir()
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            with naming(path):
                os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NOT_OURS and not (is_folder and error.errno in _FOLDERS_CANT):
            raise


def sync_tree(folder: Path) -> None:
    """Sync a folder with everything below it; links, pipes and the like are names of their folder.

    Raises OSError where the disk fails.
    """
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if stat.S_IFMT(path.lstat().st_mode) in (stat.S_IFREG, stat.S_IFDIR):
                sync(path)
    sync(folder)


def set_mode(path: Path, mode: int) -> None:
    """Give it permissions as far as its file system has them: shares of other systems and memory cards refuse some."""
    try:
        path.chmod(stat.S_IMODE(mode))
    except OSError as error:
        if error.errno not in _NO_MODES:
            raise


def set_usual_mode(path: Path, *, runs: bool = False) -> None:
    """Give what was made for its owner alone the permissions that the umask leaves a new file, or a folder or program
    (`runs`)."""
    # It is only told by being set. The stricter one for a moment: whatever another thread makes then stays its owner's.
    umask = os.umask(0o077)
    os.umask(umask)
    set_mode(path, (0o777 if runs else 0o666) & ~umask)


def copy_stat(old: Path, fresh: Path) -> None:
    """Permissions and times, as far as the file system has them."""
    try:
        shutil.copystat(old, fresh, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_MODES:
            raise


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder where it is missing, and those above it, each with its name on the disk; `mode` is its own.

    Raises OSError where it can't be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode, parents=True, exist_ok=True)
    for path in reversed(missing):
        sync(path.parent)
