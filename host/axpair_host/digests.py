"""SHA-256 of files and bytes, as lower-case hexadecimal digits."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from axpair_proto.advice import again
from axpair_proto.regular import FileState, file_state, open_regular

from axpair_host.errors import UsageError


class Pinned:
    """Files as they were when this was made: what is read of them later has to be the same bytes."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Raises UsageError where one can't be read."""
        # The state first: what changes between the two is seen as a change.
        self._seen = {path: (_state(path), file_sha256(path)) for path in paths}

    def sha256(self, path: Path) -> str:
        """The digest of one of them, as it was."""
        return self._seen[path][1]

    def refuse_changed(self, meanwhile: str) -> None:
        """Raise UsageError where one has other bytes now, or can't be read; `meanwhile` says what went on.

        Nothing is read of files whose size, time and place on the disk are what they were.
        """
        for path, (state, sha256) in self._seen.items():
            now = _state(path)
            if now == state:
                continue
            if not now:
                raise UsageError(
                    f"{path} was moved or removed while {meanwhile}",
                    next_step=again("put it back, and call the same command again:"),
                )
            found = file_sha256(path)
            if found != sha256:
                raise UsageError(
                    f"{path} was changed while {meanwhile}: sha256 {sha256[:12]} before, {found[:12]} now",
                    next_step="put the file back and call again, or begin anew with the new one",
                )
            self._seen[path] = (now, sha256)


def bytes_sha256(data: bytes | memoryview) -> str:
    """Digest of bytes in memory."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """Digest of a file's content. Raises UsageError when it can't be read."""
    digest = hashlib.sha256()
    try:
        with open_regular(path) as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from error
    return digest.hexdigest()


def _state(path: Path) -> FileState | None:
    try:
        return file_state(path)
    except OSError:
        return None
