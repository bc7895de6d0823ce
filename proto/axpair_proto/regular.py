"""Files that users name, opened so that nothing waits: a pipe or device may have no end, or not even a beginning."""

import errno
import os
import stat
from pathlib import Path
from typing import IO

SPECIAL = "is a pipe, socket or device"
LINK = "is a link, which isn't followed"


def open_regular(path: "str | os.PathLike[str]", *, follow: bool = True) -> IO[bytes]:
    """The file, opened for reading. Raises OSError with a `strerror` that says why where it is no regular file, or,
    unless links are to be followed, a link."""
    name = os.fspath(path)
    if "\0" in name:
        raise OSError(errno.EINVAL, "its name holds a NUL character", name.replace("\0", "\\0"))
    # The opening itself would wait for a pipe's other end.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not follow:
        if Path(name).is_symlink():
            raise OSError(errno.ELOOP, LINK, name)
        flags |= getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(name, flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if not stat.S_ISREG(mode):
            raise OSError(errno.ENXIO, SPECIAL, name)
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: "str | os.PathLike[str]", most: int, *, follow: bool = True) -> bytes:
    """At most `most` + 1 bytes of it, so that more than allowed can be told. Raises OSError as `open_regular`."""
    with open_regular(path, follow=follow) as file:
        # Some files of /proc have no size and some content.
        size = max(os.fstat(file.fileno()).st_size, 1 << 16)
        return file.read(min(most, size) + 1)
