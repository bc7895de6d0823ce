"""Models and inputs by content: one folder of verified files, within a quota, shared by agents on this machine.

A file appears under its digest only whole and verified. What an interrupted upload left stays as a partial file and
is gone on with. The files used longest ago make room for new ones, never those that a loaded model holds.
"""

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.reasons import Reason
from axpair_proto.syncing import make_folder, sync

from axpair_agent.errors import CallError
from axpair_agent.filelock import FileLock
from axpair_agent.uploads import Upload
from axpair_agent.worker.modelcache import digest_of

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Usage:
    """What the store holds; sizes in bytes."""

    count: int
    held: int
    quota: int
    disk_free: int


class BlobStore:
    """One folder of blobs. Safe for many threads, and for many processes on the same folder."""

    def __init__(self, folder: Path, quota_bytes: int) -> None:
        """Make the folder, private to the user, where it is missing. Raises OSError."""
        self.folder = folder
        self._quota = quota_bytes
        self._whole = folder / "whole"
        self._partial = folder / "partial"
        for path in (folder, self._whole, self._partial):
            make_folder(path, 0o700)
        self._lock = threading.Lock()
        self._uploads: dict[str, Upload] = {}

    def holds(self, sha256: str) -> bool:
        """Whether the blob is there, by name; its bytes are checked when it is used. Raises CallError DIGEST."""
        return self._path(sha256).is_file()

    def size_of(self, sha256: str) -> int:
        """Its bytes, without a look at them. Raises CallError: DIGEST, BLOB."""
        try:
            return self._path(sha256).stat().st_size
        except OSError as error:
            raise self._missing(sha256) from error

    def committed_bytes(self, sha256: str) -> int:
        """What an interrupted upload left. Raises CallError DIGEST."""
        return _size_of(self._partial_path(sha256))

    def upload(self, sha256: str, size: int, offset: int) -> Upload:
        """Begin an upload, or go on with one; takes over from one whose sender went away unnoticed.

        Raises CallError: DIGEST, OFFSET where `offset` isn't where our copy ends, QUOTA.
        """
        with self._lock:
            former = self._uploads.pop(self._checked(sha256), None)
            if former is not None:
                former.suspend()
            path = self._partial_path(sha256)
            if not self.holds(sha256):
                held = _size_of(path)
                if offset != held or offset > size:
                    raise CallError(
                        Reason.OFFSET, f"the upload of {sha256} goes on at {held}, not at {offset} of {size} bytes"
                    )
                self._make_room(size - held, keep=path)
            upload = Upload(self, sha256, size, None if self.holds(sha256) else path)
            self._uploads[sha256] = upload
            return upload

    @contextlib.contextmanager
    def in_use(self, sha256: str) -> Iterator[Path]:
        """The verified file; within, it isn't evicted. Raises CallError: DIGEST, BLOB, DIGEST_MISMATCH."""
        path = self._path(sha256)
        try:
            lock = FileLock.take(path, shared=True)
        except OSError:
            lock = None
        if lock is None:
            raise self._missing(sha256)
        try:
            if digest_of(path) != sha256:
                path.unlink(missing_ok=True)
                raise CallError(
                    Reason.DIGEST_MISMATCH,
                    f"the agent's copy of {sha256} changed on disk and was dropped",
                    next_step="upload it and call again",
                )
            with contextlib.suppress(OSError):
                os.utime(path)
            yield path
        finally:
            lock.release()

    def usage(self) -> Usage:
        """Whole files counted, partial ones included in the bytes."""
        whole = self._files(self._whole)
        held = sum(file.size for file in [*whole, *self._files(self._partial)])
        return Usage(len(whole), held, self._quota, shutil.disk_usage(self.folder).free)

    def finish(self, sha256: str, path: Path) -> None:
        """Let a verified partial file appear under its digest; called by its upload alone. Raises OSError."""
        path.replace(self._path(sha256))
        sync(self._whole)

    def forget(self, upload: Upload) -> None:
        """The upload is over; called by itself alone."""
        if self._uploads.get(upload.sha256) is upload:
            del self._uploads[upload.sha256]

    def _make_room(self, wanted: int, keep: Path) -> None:
        files = sorted(self._files(self._whole) + self._files(self._partial), key=lambda file: file.used)
        surplus = sum(file.size for file in files) + wanted - self._quota
        for file in files:
            if surplus <= 0:
                return
            if file.path != keep and self._evict(file.path):
                surplus -= file.size
        if surplus > 0:
            raise CallError(
                Reason.QUOTA,
                f"{wanted} bytes more don't fit into the agent's {self._quota}: {surplus} too many, "
                "and the rest is in use",
                next_step="start the agent with a larger --quota, or unload models",
            )

    def _evict(self, path: Path) -> bool:
        if path.parent == self._partial and path.name[:64] in self._uploads:
            return False
        try:
            lock = FileLock.take(path, shared=False)
            if lock is None:
                return False
            try:
                path.unlink()
            finally:
                lock.release()
            return True
        except OSError:
            return False

    def _partial_path(self, sha256: str) -> Path:
        """Where an upload is kept; a file of our own while another process receives the same blob."""
        path = self._partial / self._checked(sha256)
        if sha256 in self._uploads:
            return path
        try:
            lock = FileLock.take(path, shared=False)
        except OSError:
            return path
        if lock is None:
            return self._partial / f"{sha256}-{os.getpid()}"
        lock.release()
        return path

    def _path(self, sha256: str) -> Path:
        return self._whole / self._checked(sha256)

    @staticmethod
    def _missing(sha256: str) -> CallError:
        return CallError(Reason.BLOB, f"the agent doesn't hold {sha256}", next_step="upload it and call again")

    @staticmethod
    def _checked(sha256: str) -> str:
        if not _DIGEST.fullmatch(sha256):
            raise CallError(Reason.DIGEST, f"{sha256[:80]!r} is not a SHA-256 in 64 lower-case hexadecimal digits")
        return sha256

    @staticmethod
    def _files(folder: Path) -> "list[_File]":
        files = []
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                status = path.stat()
                files.append(_File(path, status.st_size, status.st_mtime))
        return files


@dataclass(frozen=True)
class _File:
    path: Path
    size: int
    used: float


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
