"""Writes files so that they appear whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.gt.replacing import check_replaceable, write_whole_file

from axpair_emulator.errors import EmulatorError


def write_whole(path: Path, data: bytes) -> None:
    """Writes beside the target, syncs and renames. Raises EmulatorError when the folder can't be written to, and where
    the target is no file."""
    try:
        write_whole_file(path, data)
    except ContractError as error:
        raise EmulatorError(error.message, next_step=error.next_step or _OTHER_FOLDER) from error


def require_writable(path: Path) -> None:
    """Raises EmulatorError when a file can't be written there, before hours are spent on computing it."""
    try:
        check_replaceable(path)
        folder = path.absolute().parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent  # what is missing is made when there is something to write
        with tempfile.TemporaryFile(dir=folder):
            pass
    except ContractError as error:
        raise EmulatorError(error.message, next_step=error.next_step or _OTHER_FOLDER) from error
    except OSError as error:
        raise EmulatorError(f"{path} can't be written: {error.strerror or error}", next_step=_OTHER_FOLDER) from error


_OTHER_FOLDER = "give an output folder that you may write to"
