"""SHA-256 of files and bytes, as lower-case hexadecimal digits."""

import hashlib
from pathlib import Path

from axpair_host.errors import UsageError


def bytes_sha256(data: bytes | memoryview) -> str:
    """Digest of bytes in memory."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """Digest of a file's content. Raises UsageError when it can't be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from error
    return digest.hexdigest()
