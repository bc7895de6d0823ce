"""Models that came over the wire, kept by digest in a private folder, so that a model travels to a board once."""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Optional

KEEP_BYTES = 1 << 30
"""The folder's models together; the ones used longest ago go first."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming-"


class ModelCache:
    """One folder of model files named by their SHA-256, private to the user.

    Nothing is synced: a file that a power cut left damaged is found by its digest before it is used, and comes again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming: Optional[Path] = None

    def holds(self, sha256: str) -> Optional[Path]:
        """The whole, verified file, or None; a damaged one is removed. Raises ValueError on a malformed digest."""
        path = self._path(sha256)
        try:
            if digest_of(path) == sha256:
                os.utime(path)
                return path
            path.unlink()
        except OSError:
            pass
        return None

    def put(self, sha256: str, offset: int, data: bytes, size: int) -> Optional[Path]:
        """Add a piece; the file's path once it is whole. Pieces come in order, the first with offset 0.

        Raises ValueError where a piece is out of order or the whole has another digest, OSError where the disk fails.
        """
        if offset == 0:
            self.discard()
            self._make_room(size)
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=str(self._folder), prefix=_INCOMING)
            os.close(descriptor)
            self._incoming = Path(name)
        if self._incoming is None or self._incoming.stat().st_size != offset or offset + len(data) > size:
            raise ValueError(f"a piece of {len(data)} bytes at {offset} of {size} is out of order")
        with self._incoming.open("ab") as file:
            file.write(data)
            if offset + len(data) < size:
                return None
        found = digest_of(self._incoming)
        if found != sha256:
            self.discard()
            raise ValueError(f"the {size} bytes that came have the digest {found}, not {sha256}")
        path = self._path(sha256)
        self._incoming.replace(path)
        self._incoming = None
        return path

    def discard(self) -> None:
        """Forget what came of an unfinished file."""
        if self._incoming is not None:
            self._incoming.unlink(missing_ok=True)
            self._incoming = None

    def _path(self, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is not a SHA-256 digest")
        return self._folder / sha256

    def _make_room(self, size: int) -> None:
        if not self._folder.is_dir():
            return
        files = sorted(
            ((path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.iterdir() if _is_ours(path)),
            key=lambda known: known[:2],
        )
        total = size + sum(known[1] for known in files)
        for _, length, path in files:
            if total <= KEEP_BYTES:
                return
            path.unlink(missing_ok=True)
            total -= length


def _is_ours(path: Path) -> bool:
    """By its name: whatever else lies there is someone's."""
    return (bool(_DIGEST.fullmatch(path.name)) or path.name.startswith(_INCOMING)) and not path.is_symlink()


def digest_of(path: Path) -> str:
    """SHA-256 of a file, read in pieces. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()
