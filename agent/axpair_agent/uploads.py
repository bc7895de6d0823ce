"""One blob on its way in."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from axpair_proto.reasons import Reason

from axpair_agent.errors import CallError, refused_by_disk
from axpair_agent.filelock import FileLock
from axpair_agent.worker.descriptors import write_all
from axpair_agent.worker.modelcache import digest_of

if TYPE_CHECKING:
    from axpair_agent.blobs import BlobStore


def size_of(path: Path) -> int:
    """A file's bytes; 0 without one."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _at_once(path: str, flags: int) -> int:
    """Open the file itself: where somebody put a link or a pipe in its place, that is an OSError, and no waiting."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0), 0o666)


class Upload:
    """Appends to a partial file until it is whole. `append` and `close` are for one thread, `suspend` for any."""

    def __init__(self, store: BlobStore, sha256: str, size: int, path: Path | None) -> None:
        """`path` is None where the store holds the blob already: what comes is then left aside."""
        self.sha256 = sha256
        self.size = size
        """What was announced."""
        self.path = path
        self.counted = 0 if path is None else size_of(path)
        """What the quota counts of it: the file's bytes and those that are just being written."""
        self._store = store
        self._writing = threading.Lock()
        self._superseded = False
        self._file = None if path is None else open(path, "ab", buffering=0, opener=_at_once)  # noqa: SIM115 (closed by `close`)
        self._lock = None if path is None else FileLock.take(path, shared=False)

    def append(self, data: bytes) -> None:
        """Write the next bytes; after an error the partial file is gone.

        Raises CallError: OFFSET when another upload took over, DIGEST_MISMATCH when more comes than was announced,
        QUOTA when quota or disk is full, DISK when it can't be written.
        """
        with self._writing:
            if self._superseded:
                raise CallError(Reason.OFFSET, f"another upload of {self.sha256} took over from this one")
            if self._file is None:
                return
            if self._file.tell() + len(data) > self.size:
                self._drop()
                raise CallError(Reason.DIGEST_MISMATCH, f"more came for {self.sha256} than its {self.size} bytes")
            try:
                self._store.make_room(self, len(data))
            except CallError:
                self._drop()
                raise
            try:
                write_all(self._file.fileno(), [data])
                self._file.seek(0, os.SEEK_END)
            except OSError as error:
                self._fail(error)

    def close(self) -> tuple[int, bool]:
        """Bytes held now, and whether the blob is whole. To be called however the upload ended.

        Raises CallError DIGEST_MISMATCH when the whole has another digest, QUOTA when the disk is full, DISK when it
        can't be read or written.
        """
        with self._writing:
            if self._superseded:
                return 0, False
            if self._file is None or self.path is None:
                self._store.forget(self)
                return self.size, True
            if self._file.closed:
                return 0, False
            held = self._file.tell()
            if held < self.size:
                self._release()
                return held, False
            try:
                os.fsync(self._file.fileno())
                found = digest_of(self.path)
                if found == self.sha256:
                    self._store.finish(self.sha256, self.path)
            except OSError as error:
                self._fail(error)
            if found != self.sha256:
                self._drop()
                raise CallError(
                    Reason.DIGEST_MISMATCH,
                    f"the {held} bytes that came have the digest {found}, not {self.sha256}; they were dropped",
                )
            self._release()
            return held, True

    def suspend(self) -> None:
        """Let another upload of the same blob take over."""
        with self._writing:
            self._superseded = True
            self._release()

    def _fail(self, error: OSError) -> NoReturn:
        with contextlib.suppress(OSError):
            self._drop()
        raise refused_by_disk(error, self._store.folder) from error

    def _drop(self) -> None:
        self._release()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _release(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._lock is not None:
            self._lock.release()
        self._store.forget(self)
