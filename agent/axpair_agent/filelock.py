"""Advisory locks between processes that share a folder of blobs; without a lock service all are granted."""

import contextlib
import errno
import os
from pathlib import Path


class FileLock:
    """A lock on one file, held until `release` or until the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @staticmethod
    def take(path: Path, *, shared: bool) -> "FileLock | None":
        """The lock on an existing file, or None where someone else holds it. Raises OSError without the file."""
        descriptor = os.open(path, os.O_RDWR if not shared else os.O_RDONLY)
        try:
            import fcntl
        except ImportError:
            return FileLock(descriptor)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                os.close(descriptor)
                return None
        return FileLock(descriptor)

    def release(self) -> None:
        """Let go; more than once is fine."""
        with contextlib.suppress(OSError):
            descriptor, self._descriptor = self._descriptor, -1
            if descriptor >= 0:
                os.close(descriptor)
