"""A data set's archive: a tar of samples, read as a stream or by name, one sample in memory at a time."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from axpair_proto.regular import open_regular
from axpair_proto.tar_members import open_tar, tar_members

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


Warn = Callable[[str], None]


def _say_nothing(text: str) -> None:
    """Nobody asks."""


class Links:
    """The links among an archive's members: what they lead to isn't read, so that nothing outside can be."""

    next_step = "pack the files themselves: tar --dereference --hard-dereference -cf calibration.tar *.jpg"

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._path = path
        self._first = ""

    def note(self, member: tarfile.TarInfo) -> None:
        """Count it if it is one."""
        if member.issym() or member.islnk():
            self._first = self._first or f"{member.name!r} to {member.linkname!r}"
            self.count += 1

    def text(self) -> str:
        """How many, and the first."""
        return f"{self.count} {'link' if self.count == 1 else 'links'} ({self._first})"

    def say(self, warn: Warn) -> None:
        """If there are any."""
        if self.count:
            warn(f"{self._path}: {self.text()} passed over; {self.next_step}")


def samples(path: Path, limit: int = 0, warn: Warn = _say_nothing) -> Generator[Sample, None, None]:
    """The archive's regular files in order, at most `limit` (0 = all); gzip, bzip2 and xz are understood.

    Folders, hidden files and files of system tools ("._x.jpg") are passed over; links too, and `warn` is told. Raises
    DatasetError when the archive is missing, no tar, cut off, holds a file of over 256 MiB, or holds no sample at all.
    """
    found, links = 0, Links(path)
    with (
        _readable(path),
        open_regular(path, most_bytes=None) as file,
        tarfile.open(fileobj=file, mode="r|*") as archive,
    ):
        for member in _files(path, archive, links):
            if limit and found == limit:
                break
            yield _sample(path, archive, member)
            found += 1
    if not found:
        raise _empty(path, links)
    links.say(warn)


class NamedSamples:
    """An archive's samples by stem, read on demand. Memory grows with the number of names only."""

    def __init__(self, path: Path, warn: Warn = _say_nothing) -> None:
        """Reads the names. Links are passed over, and `warn` is told.

        Raises DatasetError as `samples` does, and when two files have the same stem.
        """
        self._path = path
        self._members: dict[str, tarfile.TarInfo] = {}
        with _readable(path):
            self._archive = open_tar(path)
        try:
            with _readable(path):
                self._index(warn)
        except BaseException:
            self.close()
            raise

    def _index(self, warn: Warn) -> None:
        links = Links(self._path)
        for member in _files(self._path, self._archive, links):
            stem = Path(member.name).stem
            if stem in self._members:
                raise DatasetError(
                    f"{self._path}: {self._members[stem].name!r} and {member.name!r} have the same name but for "
                    "folder and suffix",
                    next_step="samples of several inputs are paired by name: give each its own",
                )
            self._members[stem] = member
        if not self._members:
            raise _empty(self._path, links)
        links.say(warn)

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


def _files(path: Path, archive: tarfile.TarFile, links: Links) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(tar_members(archive, MAX_SAMPLE_BYTES)):
        if count >= MAX_MEMBERS:
            raise DatasetError(f"{path} holds more than {MAX_MEMBERS} members", next_step="pack a smaller data set")
        links.note(member)
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


def _empty(path: Path, links: Links) -> DatasetError:
    if links.count:
        return DatasetError(f"{path} holds links and no files: {links.text()}", next_step=links.next_step)
    return DatasetError(
        f"the calibration archive {path} holds no files",
        next_step="pack images into it: tar cf calibration.tar *.jpg",
    )


def _damaged(path: Path, reason: object) -> DatasetError:
    return DatasetError(
        f"the calibration archive {path} is no tar file, or is cut off: {reason}",
        next_step="pack it again: tar cf calibration.tar *.jpg (type: DATASET_TYPE_TAR)",
    )
