"""Writes files beside a user's own: only what an earlier call wrote is replaced or removed, if nobody changed it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from axpair_emulator.errors import EmulatorError
from axpair_emulator.storage.files import require_writable, write_whole

RECORD = ".pulsar-run.json"
"""In the folder: path to the digests that a file of ours may have. More than one where a call was cut short."""
PAIR_RECORD, FILE_LIST = "pair.json", "input/filename.txt"
"""`axpair pair` into the same folder leaves the first, and writes the second anew."""
_LARGEST = 1 << 20

Record = dict[str, list[str]]


def write_beside(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their paths in `folder`, which have one folder in front; each appears whole or not at all.

    Of those folders the files that an earlier call wrote and this one doesn't are removed.
    Raises EmulatorError, before anything is written, where a path can't be written or holds what isn't ours.
    """
    known = _read(folder / RECORD)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    relisted = {FILE_LIST} if (folder / PAIR_RECORD).is_file() else set()
    foreign = [
        str(folder / name)
        for name, digest in digests.items()
        if (folder / name).is_file()
        and name not in relisted
        and _digest(folder / name) not in (digest, *known.get(name, ()))
    ]
    if foreign:
        raise EmulatorError(
            f"{', '.join(foreign[:3])}{f' and {len(foreign) - 3} more' if len(foreign) > 3 else ''} would be "
            "overwritten, and `pulsar run` didn't write that, or it was changed since",
            next_step="give --output_gt another folder, or move those files away",
        )
    for name in files:
        require_writable(folder / name)
    written = {name.partition("/")[0] for name in files}
    stale = [name for name in known if name not in files and name.partition("/")[0] in written]
    _keep(folder, known | {name: [*known.get(name, ()), digest] for name, digest in digests.items()})
    for name, data in files.items():
        write_whole(folder / name, data)
    for name in stale:
        path = folder / name
        if path.is_file() and _digest(path) in known[name]:
            path.unlink()
    _keep(
        folder,
        {name: kept for name, kept in known.items() if name not in stale}
        | {name: [digest] for name, digest in digests.items()},
    )


def _keep(folder: Path, record: Record) -> None:
    write_whole(folder / RECORD, msgspec.json.encode(record))


def _read(path: Path) -> Record:
    """What an earlier call noted; nothing where that can't be read. Paths that lead elsewhere are left out."""
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {name: digests for name, digests in record.items() if _leads_inside(name)}


def _leads_inside(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and not any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)


def _digest(path: Path) -> str:
    whole = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while part := stream.read(1 << 20):
                whole.update(part)
    except OSError:
        return ""
    return whole.hexdigest()
