"""Tar and zip archives as folders: only plain tensor files come out, only below a fresh folder, only so much."""

import lzma
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from axpair_proto.advice import UNKNOWN, calling
from axpair_proto.failures import naming
from axpair_proto.text import first_names

from axpair_host.errors import EvidenceError
from axpair_host.evidence.record import LEGS

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
WANTED = {".bin", ".npy", ".npz", ".json"}
"""Suffixes of what is taken out; everything else stays in."""
_MACOS = "__MACOSX"
"""Folder of what macOS adds to its zips: attributes, in files named like those that they are of."""
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError),
    *(NotImplementedError, RuntimeError, OverflowError),
)
"""What archives that are none, or encrypted ones, raise."""
MAX_FILES = 100_000
MAX_BYTES = 8 << 30
"""Of all files together, counted as they are written: what an archive says of its sizes isn't trusted."""


def is_archive(path: Path) -> bool:
    """Whether a file's name says that it is an archive."""
    return path.name.lower().endswith(SUFFIXES)


@contextmanager
def unpacked(path: Path, most_bytes: int = MAX_BYTES) -> Iterator[Path]:
    """Give a temporary folder with the archive's tensor files; it is removed afterwards.

    Members with absolute names, with ".." or that are no plain files are refused or left out; nothing is written
    elsewhere. Raises EvidenceError on a damaged, encrypted or oversized archive.
    """
    folder = Path(tempfile.mkdtemp(prefix="axpair-archive-"))
    try:
        try:
            if path.name.lower().endswith(".zip"):
                _unzip(path, _Room(path, folder, most_bytes))
            else:
                _untar(path, _Room(path, folder, most_bytes))
        except _DAMAGED as error:
            raise EvidenceError(f"{path}: not a readable archive: {error}") from error
        except OSError as error:
            raise EvidenceError(f"{path}: can't be unpacked: {error.strerror or error}") from error
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def gt_folder(path: Path, *, write: bool = False) -> Iterator[Path]:
    """The gt folder itself, or the one that lies in an archive, unpacked for as long as the block lasts.

    Raises EvidenceError where an archive holds none or several, or where it would have to be written.
    """
    if not is_archive(path) or not path.is_file():
        yield path
        return
    if write:
        raise EvidenceError(f"{path}: an archive isn't written", next_step="unpack it, and give the folder")
    with unpacked(path) as folder:
        found = sorted({leg.parent for leg in folder.rglob("*") if leg.name in LEGS and leg.is_dir()})
        # What stands below another gt folder are that one's own rounds.
        outer = [one for one in found if not any(other in one.parents for other in found)]
        if len(outer) != 1:
            listed = ", ".join(str(one.relative_to(folder)) for one in outer[:4]) or "none"
            inner = "" if outer else _archives_in(path)
            raise EvidenceError(
                f"{path}: {len(outer)} gt folders in it ({listed}), and one is judged at a time{inner}",
                next_step=calling(
                    *("axpair", "compare", path, UNKNOWN["second"]),
                    text="unpack it, and give the folder; tensors of any kind are compared by:",
                ),
            )
        yield outer[0]


def _archives_in(path: Path) -> str:
    """What to say of archives among the members."""
    if path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    else:
        with tarfile.open(path) as packed:
            names = [member.name for member in packed]
    found = [name for name in names if name.lower().endswith(SUFFIXES)]
    return f"; archives in it stay packed: {first_names(found)}" if found else ""


def _unzip(path: Path, room: "_Room") -> None:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and (target := room.place(info.filename)):
                with archive.open(info) as stream:
                    room.write(target, stream)


def _untar(path: Path, room: "_Room") -> None:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isreg() and (target := room.place(member.name)):
                stream = archive.extractfile(member)
                if stream is not None:
                    with stream:
                        room.write(target, stream)


class _Room:
    """What has been taken out so far, and where the next file may go."""

    def __init__(self, archive: Path, folder: Path, most_bytes: int) -> None:
        self.archive, self.folder, self.most_bytes = archive, folder, most_bytes
        self.files = self.bytes = 0

    def place(self, name: str) -> Path | None:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.suffix.lower() not in WANTED or _MACOS in parts.parts:
            return None
        if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
            raise EvidenceError(f"{self.archive}: its member {name!r} would lie outside of the archive's folder")
        self.files += 1
        if self.files > MAX_FILES:
            raise EvidenceError(f"{self.archive}: more than {MAX_FILES} files")
        target = self.folder.joinpath(*parts.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def write(self, target: Path, source: IO[bytes]) -> None:
        with target.open("wb") as stream:
            while chunk := source.read(1 << 20):
                self.bytes += len(chunk)
                if self.bytes > self.most_bytes:
                    raise EvidenceError(f"{self.archive}: more than {self.most_bytes} bytes when unpacked")
                with naming(target):
                    stream.write(chunk)
