"""Where host, agent and emulator keep what they can make again: uploads, built models, logs.

The user's cache folder, or the one that AXPAIR_CACHE names. Where the former can't be written, as in containers with a
read-only home, a temporary folder of the user's stands in for it, and that is said once.
"""

import errno
import os
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path

VARIABLE = "AXPAIR_CACHE"
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOENT)
"""Other errors, such as a full disk, are told by who writes."""


def cache_folder() -> Path:
    """A folder that can be written, as far as that can be known; it may not exist yet.

    What AXPAIR_CACHE names is taken as it is: whoever writes there says where it can't be.
    """
    if named := os.environ.get(VARIABLE):
        return Path(named)
    return _usable(_custom())


def _custom() -> Path | None:
    """The user's cache folder, by the system's custom; None for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        home = Path.home()
    except RuntimeError:
        home = None
    if base:
        return Path(base) / "axpair"
    if home is None:
        return None
    return home.joinpath(*(("AppData", "Local") if sys.platform == "win32" else (".cache",)), "axpair")


@cache
def _usable(folder: Path | None) -> Path:
    why = _refusal(folder) if folder is not None else "this user has no home"
    if not why:
        assert folder is not None
        return folder
    from axpair_proto.printing import print_note

    instead = _temporary()
    kept = f"{folder} can't be written ({why})" if folder is not None else why
    print_note(f"note: {kept}: what axpair keeps goes to {instead}; {VARIABLE} names a folder that stays")
    return instead


def _refusal(folder: Path) -> str:
    """Why nothing can be kept there; "" where it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".axpair-", dir=folder)
    except OSError as error:
        return (error.strerror or str(error)) if error.errno in _REFUSED else ""
    os.close(handle)
    Path(name).unlink(missing_ok=True)
    return ""


def _temporary() -> Path:
    """The same for all of the user's processes, unless somebody else made it."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"axpair-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="axpair-"))
    is_ours = stat.S_ISDIR(found.st_mode) and (not hasattr(os, "getuid") or found.st_uid == user)
    if is_ours and (os.name == "nt" or not found.st_mode & 0o022):
        return folder
    return Path(tempfile.mkdtemp(prefix="axpair-"))
