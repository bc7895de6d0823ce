"""Files that users name, opened so that nothing waits: a pipe or device may have no end, or not even a beginning, and
a file with holes may claim a length that nobody reads to its end."""

import errno
import os
import stat
from pathlib import Path
from typing import IO

SPECIAL = "is a pipe, socket or device"
LINK = "is a link, which isn't followed"
MOST_BYTES = 16 << 30
MOST_TEXT_BYTES = 256 << 20
"""Of lists and logs that are held in memory."""
_TOO_LONG = {
    MOST_BYTES: "is longer than 16 GiB, the most that is read of one file",
    MOST_TEXT_BYTES: "is longer than 256 MiB, the most that is read of a text",
}


FileState = tuple[int, int, int, int]
"""Device, inode, length in bytes and time of the last change in nanoseconds."""


def file_state(path: "str | os.PathLike[str]") -> FileState:
    """What stays the same until somebody writes the file or puts another in its place. Raises OSError where it isn't
    there."""
    found = Path(path).stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def open_regular(
    path: "str | os.PathLike[str]", *, follow: bool = True, most_bytes: "int | None" = MOST_BYTES
) -> IO[bytes]:
    """The file, opened for reading. Raises OSError with a `strerror` that says why where it is no regular file, longer
    than `most_bytes` (one of the two limits; None = however long), or, unless links are to be followed, a link."""
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
        found = os.fstat(descriptor)
        mode = found.st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if not stat.S_ISREG(mode):
            raise OSError(errno.ENXIO, SPECIAL, name)
        if most_bytes is not None and found.st_size > most_bytes:
            raise OSError(errno.EOVERFLOW, _TOO_LONG[most_bytes], name)
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_text_bytes(path: "str | os.PathLike[str]") -> bytes:
    """All of a text. Raises OSError as `open_regular`, also where it is longer than MOST_TEXT_BYTES."""
    with open_regular(path, most_bytes=MOST_TEXT_BYTES) as file:
        return file.read()


def read_regular(path: "str | os.PathLike[str]", most: int, *, follow: bool = True) -> bytes:
    """At most `most` + 1 bytes of it, so that more than allowed can be told. Raises OSError as `open_regular`."""
    with open_regular(path, follow=follow) as file:
        # Some files of /proc have no size and some content.
        size = max(os.fstat(file.fileno()).st_size, 1 << 16)
        return file.read(min(most, size) + 1)
