"""Files that the user names, checked before any work."""

from pathlib import Path

from axpair_host.errors import UsageError


def existing_file(flag: str, path: Path) -> Path:
    """Return `path`. Raises UsageError where it is missing, a folder, unreadable or empty."""
    try:
        if path.is_dir():
            raise UsageError(f"{flag} {path}: is a folder, expected a file")
        with path.open("rb") as stream:
            empty = not stream.read(1)
    except OSError as error:
        raise UsageError(f"{flag} {path}: {error.strerror or error}", next_step="check the path") from error
    if empty:
        raise UsageError(f"{flag} {path}: is empty (0 bytes)", next_step="copy or build it again")
    return path
