"""Tar, zip and npz archives as folders: only plain files of the kinds asked for come out, only below a fresh folder,
only so much. What the user names is an archive or a folder: both are a folder to whoever reads it.
"""

import lzma
import os
import re
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from axpair_proto.advice import UNKNOWN, calling
from axpair_proto.failures import naming
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.gt.tensors import is_companion
from axpair_proto.names import as_text, gt_file_stem
from axpair_proto.tar_members import open_tar
from axpair_proto.text import first_names

from axpair_host.errors import EvidenceError
from axpair_host.evidence.record import LEGS

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
NPZ = ".npz"
WANTED = frozenset((".bin", ".npy", ".npz", ".json"))
"""Suffixes of what is taken out where nothing else is asked for; everything else stays in."""
_UTF8_NAME = 0x800
"""A zip member's flag: its name is UTF-8; else it is in whatever the packing system wrote, GBK in China."""
_SEPARATOR = re.compile(r"(?<![\udc80-\udcff])\\")
"""A backslash of Windows; behind a byte that isn't UTF-8 it is the second half of a character of GBK."""
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
    """Whether a file is an archive: by its name, which a damaged one has too, or by its content."""
    if path.name.lower().endswith(SUFFIXES):
        return True
    if path.suffix.lower() in (".bin", ".npy", NPZ) or not path.is_file():  # raw bytes may begin as anything does
        return False
    return kind_of(path) is FileKind.ARCHIVE


@dataclass
class StayedIn:
    """What wasn't taken out of an archive."""

    others: list[str] = field(default_factory=list)
    """Files of other suffixes."""
    links: list[str] = field(default_factory=list)
    """Links: none is followed."""


@contextmanager
def unpacked(
    path: Path,
    most_bytes: int = MAX_BYTES,
    *,
    wanted: Collection[str] = WANTED,
    stayed: StayedIn | None = None,
) -> Iterator[Path]:
    """Give a temporary folder with the archive's files of the `wanted` suffixes; it is removed afterwards.

    Members with absolute names or with ".." are refused; links and what else is no plain file stay in, and `stayed`
    tells which. Names that aren't UTF-8 keep their bytes, as `unzip` leaves them. Nothing is written elsewhere.
    Raises EvidenceError on a damaged, encrypted or oversized archive.
    """
    room = _Room(path, most_bytes, wanted, stayed or StayedIn())
    try:
        try:
            if _is_zip(path):
                _unzip(path, room)
            else:
                _untar(path, room)
        except _DAMAGED as error:
            raise EvidenceError(f"{path}: not a readable archive: {error}") from error
        except OSError as error:
            raise EvidenceError(f"{path}: can't be unpacked: {error.strerror or error}") from error
        for one in [one for one in room.folder.rglob("._*") if is_companion(one)]:
            one.unlink()
        yield room.folder
    finally:
        shutil.rmtree(room.root, ignore_errors=True)


@contextmanager
def as_folder(path: Path, *, wanted: Collection[str] = WANTED, stayed: StayedIn | None = None) -> Iterator[Path]:
    """The path itself; of an archive or .npz what is in it, for as long as the block lasts. Raises as `unpacked`."""
    if path.is_file() and (is_archive(path) or path.suffix.lower() == NPZ):
        with unpacked(path, wanted=wanted, stayed=stayed) as folder:
            yield folder
    else:
        yield path


@contextmanager
def gt_folder(path: Path, *, write: bool = False) -> Iterator[Path]:
    """The gt folder itself, or the one that lies in an archive, unpacked for as long as the block lasts.

    Raises EvidenceError where an archive holds none or several, or where it would have to be written.
    """
    if not path.is_file() or not (is_archive(path) or kind_of(path) is FileKind.ARCHIVE):
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


def _stem(archive: Path) -> str:
    """The archive's name without what says that it is one."""
    end = next((one for one in SUFFIXES if archive.name.lower().endswith(one)), archive.suffix)
    return archive.name[: len(archive.name) - len(end)]


def _is_zip(path: Path) -> bool:
    if path.name.lower().endswith((".zip", NPZ)):
        return True
    with path.open("rb") as file:  # not by its end: a tar may hold a zip there
        return file.read(4) == b"PK\x03\x04"


def _archives_in(path: Path) -> str:
    """What to say of archives among the members."""
    if _is_zip(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    else:
        with open_tar(path) as packed:
            names = [member.name for member in packed]
    found = [name for name in names if name.lower().endswith(SUFFIXES)]
    return f"; archives in it stay packed: {first_names(found)}" if found else ""


def _unzip(path: Path, room: "_Room") -> None:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            is_link = stat.S_ISLNK(info.external_attr >> 16)
            if not info.is_dir() and (target := room.place(_zip_name(info), is_link=is_link)):
                with archive.open(info) as stream:
                    room.write(target, stream)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """As a file system has it: bytes that are no UTF-8 stand as `os.fsdecode` leaves them."""
    if info.flag_bits & _UTF8_NAME or info.filename.isascii():
        return info.filename
    return os.fsdecode(info.filename.encode("cp437"))  # what zipfile took them for


def _untar(path: Path, room: "_Room") -> None:
    with open_tar(path) as archive:
        for member in archive:
            is_link = member.issym() or member.islnk()
            if (member.isreg() or is_link) and (target := room.place(member.name, is_link=is_link)):
                stream = archive.extractfile(member)
                if stream is not None:
                    with stream:
                        room.write(target, stream)


class _Room:
    """What has been taken out so far, and where the next file may go."""

    def __init__(self, archive: Path, most_bytes: int, wanted: Collection[str], stayed: StayedIn) -> None:
        self.archive, self.most_bytes, self.wanted, self.stayed = archive, most_bytes, wanted, stayed
        self.root = Path(tempfile.mkdtemp(prefix="axpair-archive-"))
        # A case that was packed without a folder has the archive's name.
        self.folder = self.root / gt_file_stem(_stem(archive))
        self.folder.mkdir()
        self.files = self.bytes = 0

    def place(self, name: str, *, is_link: bool) -> Path | None:
        """Where a member goes; None where it stays in."""
        parts = PurePosixPath(_SEPARATOR.sub("/", name))
        if _MACOS in parts.parts:
            return None
        if parts.suffix.lower() not in self.wanted or is_link:
            (self.stayed.links if is_link else self.stayed.others).append(as_text(parts.as_posix()))
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
