"""Files that appear whole or not at all: write beside, sync, rename, sync the folder."""

import os
import tempfile
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.syncing import make_folder, set_usual_mode, sync


def write_whole_file(target: Path, data: bytes, *, sync_bytes: bool = True, sync_name: bool = True) -> None:
    """Write a file so that readers see the old bytes or the new ones; from then on the new ones outlive a power cut.

    `sync_bytes` and `sync_name` are false where a power cut may leave an empty file, or none: in a folder that is
    synced as a whole before it counts.
    Raises ContractError when it can't be written, and for what is no file: links, devices, pipes and folders stay.
    """
    check_replaceable(target)
    try:
        make_folder(target.parent)
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:60]}.", dir=target.parent)
    except OSError as error:
        raise ContractError(f"{target}: can't be written: {error.strerror}") from error
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if sync_bytes:
                os.fsync(stream.fileno())
        set_usual_mode(beside)
        beside.replace(target)
        if sync_name:
            sync(target.parent)
    except OSError as error:
        raise ContractError(f"{target}: can't be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def check_replaceable(target: Path) -> None:
    """Raise ContractError where something is there and no plain file: links, devices, pipes and folders stay."""
    try:
        if target.is_symlink():
            raise ContractError(
                f"{target}: can't be written: it is a link to {target.readlink()}; nothing behind a link is replaced",
                next_step="give the path of the file itself, or another one",
            )
        if target.exists() and not target.is_file():
            kind = "a folder" if target.is_dir() else "a device or pipe, not a file"
            raise ContractError(f"{target}: can't be written: it is {kind}", next_step="give the path of a file")
    except OSError as error:
        raise ContractError(f"{target}: can't be written: {error}") from error
