"""Models and inputs by content: one folder of verified files, within a quota, shared by agents on this machine.

A file appears under its digest only whole and verified. What an interrupted upload left stays as a partial file and
is gone on with. The files used longest ago make room for bytes as they come, never those that a loaded model holds;
an upload whose announced bytes can't fit beside those and what other uploads announced is refused before it begins.
"""

import contextlib
import logging
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.reasons import Reason
from axpair_proto.syncing import make_folder, sync

from axpair_agent.errors import CallError
from axpair_agent.filelock import FileLock
from axpair_agent.uploads import Upload, size_of
from axpair_agent.worker.modelcache import digest_of

log = logging.getLogger(__name__)

MAX_BYTES = (1 << 63) - 1
"""Sizes and offsets beyond it are no file's."""

LOOK_BYTES = 64 << 20
"""After so many bytes the folder is looked at again: other agents may fill it too."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_OURS = re.compile(r"[0-9a-f]{64}(-[0-9]+)?")
"""Names of blobs, and of those that another process receives as well."""


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
        self._make_folders()
        self._lock = threading.Lock()
        self._uploads: dict[str, Upload] = {}
        self._in_use: Counter[str] = Counter()
        # Taken last, for a moment: an upload takes it amid a write, for which another upload may be waiting.
        self._counting = threading.Lock()
        self._left = 0

    def _make_folders(self) -> None:
        for path in (self.folder, self._whole, self._partial):
            make_folder(path, 0o700)

    def check_there(self, sha256: str) -> None:
        """Raise CallError BLOB where somebody else took the file away while it was in use: no runtime's fault."""
        if not self.holds(sha256):
            raise self._missing(sha256)

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
        return size_of(self._partial_path(sha256))

    def upload(self, sha256: str, size: int, offset: int) -> Upload:
        """Begin an upload, or go on with one; takes over from one whose sender went away unnoticed.

        Raises CallError: DIGEST, MESSAGE where a number is no file's size, OFFSET where `offset` isn't where our copy
        ends, QUOTA.
        """
        if max(size, offset) > MAX_BYTES:
            raise CallError(Reason.MESSAGE, f"{max(size, offset)} bytes are no file's size; at most {MAX_BYTES}")
        with self._lock:
            former = self._uploads.pop(self._checked(sha256), None)
            if former is not None:
                former.suspend()
            with contextlib.suppress(OSError):  # what refuses shows when it is written
                self._make_folders()  # who cleans caches takes them away with their files
            path = self._partial_path(sha256)
            if not self.holds(sha256):
                held = size_of(path)
                if offset != held or offset > size:
                    raise CallError(
                        Reason.OFFSET, f"the upload of {sha256} goes on at {held}, not at {offset} of {size} bytes"
                    )
                self._check_announced(size)
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
            with self._counting:
                self._in_use[sha256] += 1
            try:
                yield path
            finally:
                with self._counting:
                    self._in_use[sha256] -= 1
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

    def make_room(self, upload: Upload, wanted: int) -> None:
        """Count bytes that came for an upload and are about to be written; called by itself alone.

        Raises CallError QUOTA where nothing can go for them.
        """
        with self._counting:
            if wanted > self._left:
                self._left = min(LOOK_BYTES, self._room_for(wanted))
            self._left -= wanted
            upload.counted += wanted

    def _check_announced(self, size: int) -> None:
        """Raise CallError QUOTA for a blob that can't fit beside what is in use and what other uploads announced."""
        with self._counting:
            announced = sum(upload.size for upload in list(self._uploads.values()) if upload.path is not None)
            used = sum(size_of(self._path(sha256)) for sha256, count in self._in_use.items() if count > 0)
        if announced + used + size > self._quota:
            raise CallError(
                Reason.QUOTA,
                f"{size} bytes don't fit into the agent's {self._quota}: {used} are in use, and other uploads have "
                f"announced {announced}",
                next_step="start the agent with a larger --quota, unload models, or wait for the other uploads",
            )

    def _room_for(self, wanted: int) -> int:
        """Let files go until there is room; how much there is. Raises CallError QUOTA."""
        files = sorted(self._files(self._whole) + self._files(self._partial), key=lambda file: file.used)
        counted = {upload.path: upload.counted for upload in list(self._uploads.values()) if upload.path is not None}
        room = self._quota - sum(max(file.size, counted.get(file.path, 0)) for file in files)
        for file in files:
            if room >= wanted:
                break
            if file.path not in counted and self._evict(file.path):
                room += file.size
        if room < wanted:
            raise CallError(
                Reason.QUOTA,
                f"{wanted} bytes more don't fit into the agent's {self._quota}: there is room for {room}, "
                "and the rest is in use",
                next_step="start the agent with a larger --quota, or unload models",
            )
        return room

    def _evict(self, path: Path) -> bool:
        if path.parent == self._partial and path.name[:64] in self._uploads:
            return False
        try:
            lock = FileLock.take(path, shared=False)
            if lock is None:
                return False
            try:
                # A name alone proves nothing: what isn't what it says was put there by somebody else, and stays.
                if path.parent == self._whole and (path.is_symlink() or digest_of(path) != path.name):
                    log.info("%s isn't a blob of ours, and is left alone", path)
                    return False
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
        """Ours alone, told by their names: whatever else lies there is someone's and neither counts nor goes."""
        files = []
        for path in folder.iterdir() if folder.is_dir() else ():
            if not _OURS.fullmatch(path.name) or path.is_symlink():
                continue
            with contextlib.suppress(OSError):
                status = path.stat()
                files.append(_File(path, status.st_size, status.st_mtime))
        return files


@dataclass(frozen=True)
class _File:
    path: Path
    size: int
    used: float
