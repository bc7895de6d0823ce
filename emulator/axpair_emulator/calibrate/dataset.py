"""A data set's archive: a tar of samples, read as a stream or by name, one sample in memory at a time."""

from __future__ import annotations

import tarfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from axpair_proto.tar_members import tar_members

from axpair_emulator.errors import DatasetError

MAX_SAMPLE_BYTES = 1 << 28
MAX_MEMBERS = 1_000_000


@dataclass(frozen=True)
class Sample:
    """One member of the archive. Its name is for people and for pairing, never a path to write to."""

    name: str
    data: bytes

    @property
    def stem(self) -> str:
        """What samples of several inputs are paired by: the file's name without folders and suffix."""
        return Path(self.name).stem


def samples(path: Path, limit: int = 0) -> Generator[Sample, None, None]:
    """The archive's regular files in order, at most `limit` (0 = all); gzip, bzip2 and xz are understood.

    Folders, links, hidden files and files of system tools ("._x.jpg") are passed over. Raises DatasetError when the
    archive is missing, no tar, cut off, holds a file of over 256 MiB, or holds no sample at all.
    """
    found = 0
    with _readable(path), tarfile.open(path, mode="r|*") as archive:
        for member in _files(path, archive):
            if limit and found == limit:
                return
            yield _sample(path, archive, member)
            found += 1
    if not found:
        raise _empty(path)


class NamedSamples:
    """An archive's samples by stem, read on demand. Memory grows with the number of names only."""

    def __init__(self, path: Path) -> None:
        """Reads the names. Raises DatasetError as `samples` does, and when two files have the same stem."""
        self._path = path
        self._members: dict[str, tarfile.TarInfo] = {}
        with _readable(path):
            self._archive = tarfile.open(path, mode="r:*")  # noqa: SIM115 (closed by `close`)
        try:
            with _readable(path):
                self._index()
        except BaseException:
            self.close()
            raise

    def _index(self) -> None:
        for member in _files(self._path, self._archive):
            stem = Path(member.name).stem
            if stem in self._members:
                raise DatasetError(
                    f"{self._path}: {self._members[stem].name!r} and {member.name!r} have the same name but for "
                    "folder and suffix",
                    next_step="samples of several inputs are paired by name: give each its own",
                )
            self._members[stem] = member
        if not self._members:
            raise _empty(self._path)

    @property
    def stems(self) -> list[str]:
        """In the archive's order."""
        return list(self._members)

    def read(self, stem: str) -> Sample:
        """One sample. Raises DatasetError when the archive is damaged there."""
        with _readable(self._path):
            return _sample(self._path, self._archive, self._members[stem])

    def close(self) -> None:
        """Let the file go."""
        self._archive.close()


def _files(path: Path, archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(tar_members(archive, MAX_SAMPLE_BYTES)):
        if count >= MAX_MEMBERS:
            raise DatasetError(f"{path} holds more than {MAX_MEMBERS} members", next_step="pack a smaller data set")
        if member.isfile() and not PurePosixPath(member.name).name.startswith("."):
            yield member


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


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns whatever a missing or broken archive raises into a DatasetError."""
    try:
        yield
    except OSError as error:
        if not isinstance(error, tarfile.TarError) and error.errno:
            raise DatasetError(
                f"the calibration archive {path} can't be read: {error.strerror}",
                next_step="check the path in dataset_conf_*: it is relative to the configuration file",
            ) from error
        raise _damaged(path, error) from error
    except DatasetError:
        raise
    except Exception as error:  # tarfile and the decompressors raise anything on damaged archives
        raise _damaged(path, error) from error


def _empty(path: Path) -> DatasetError:
    return DatasetError(
        f"the calibration archive {path} holds no files",
        next_step="pack images into it: tar cf calibration.tar *.jpg",
    )


def _damaged(path: Path, reason: object) -> DatasetError:
    return DatasetError(
        f"the calibration archive {path} is no tar file, or is cut off: {reason}",
        next_step="pack it again: tar cf calibration.tar *.jpg (type: DATASET_TYPE_TAR)",
    )
