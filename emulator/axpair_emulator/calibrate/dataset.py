"""The calibration archive: a tar of samples, read as a stream, one sample in memory at a time."""

from __future__ import annotations

import tarfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from axpair_emulator.errors import DatasetError

MAX_SAMPLE_BYTES = 1 << 28
MAX_MEMBERS = 1_000_000


@dataclass(frozen=True)
class Sample:
    """One member of the archive. Its name is for people and for pairing, never a path to write to."""

    name: str
    data: bytes


def samples(path: Path, limit: int = 0) -> Generator[Sample, None, None]:
    """The archive's regular files in order, at most `limit` (0 = all); gzip, bzip2 and xz are understood.

    Folders, links, hidden files and files of system tools ("._x.jpg") are passed over. Raises DatasetError when the
    archive is missing, no tar, cut off, holds a file of over 256 MiB, or holds no sample at all.
    """
    found = 0
    try:
        with tarfile.open(path, mode="r|*") as archive:
            for count, member in enumerate(archive):
                if count >= MAX_MEMBERS:
                    raise DatasetError(
                        f"{path} holds more than {MAX_MEMBERS} members",
                        next_step="pack a smaller calibration set",
                    )
                if limit and found == limit:
                    return
                if not member.isfile() or PurePosixPath(member.name).name.startswith("."):
                    continue
                yield _sample(path, archive, member)
                found += 1
    except OSError as error:
        if not isinstance(error, tarfile.TarError) and error.errno:
            raise DatasetError(
                f"the calibration archive {path} can't be read: {error.strerror}",
                next_step="check dataset_conf_calibration.path: it is relative to the configuration file",
            ) from error
        raise _damaged(path, error) from error
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise _damaged(path, error) from error
    if not found:
        raise DatasetError(
            f"the calibration archive {path} holds no files",
            next_step="pack images into it: tar cf calibration.tar *.jpg",
        )


def _sample(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> Sample:
    if member.size > MAX_SAMPLE_BYTES:
        raise DatasetError(
            f"{path}: {member.name!r} has {member.size} bytes; a sample has at most {MAX_SAMPLE_BYTES}",
            next_step="pack the images themselves, not archives or videos",
        )
    stream = archive.extractfile(member)
    data = stream.read() if stream else b""
    if len(data) != member.size:
        raise _damaged(path, f"{member.name!r} has {len(data)} of {member.size} bytes")
    return Sample(member.name, data)


def _damaged(path: Path, reason: object) -> DatasetError:
    return DatasetError(
        f"the calibration archive {path} is no tar file, or is cut off: {reason}",
        next_step="pack it again: tar cf calibration.tar *.jpg (type: DATASET_TYPE_TAR)",
    )
