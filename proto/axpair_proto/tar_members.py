"""Opens tar archives, and walks members that may lie about their sizes."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from axpair_proto.regular import open_regular

_Mode = Literal["r:", "r:gz", "r:bz2", "r:xz"]
_PACKED: tuple[tuple[bytes, _Mode], ...] = ((b"\x1f\x8b", "r:gz"), (b"BZh", "r:bz2"), (b"\xfd7zXZ\0", "r:xz"))


def open_tar(path: Path) -> tarfile.TarFile:
    """A tar, bare or packed with gzip, bzip2 or xz, which is told by how it begins: the library would try each in
    turn, and that of LZMA reads zeros to their end. Raises tarfile.TarError and OSError."""
    with open_regular(path, most_bytes=None) as file:
        head = file.read(8)
    if head[:2] == b"\0\0":
        raise tarfile.ReadError("it begins with zeros")
    mode: _Mode = next((mode for begin, mode in _PACKED if head.startswith(begin)), "r:")
    return tarfile.open(path, mode)


def tar_members(archive: tarfile.TarFile, most_bytes: int) -> Iterator[tarfile.TarInfo]:
    """The members in order, to be read before the next is asked for.

    Raises tarfile.ReadError instead of passing over a member of over `most_bytes`, whether it was read or not: reading
    on in a stream takes as long as its header says, past the end of the file too.
    """
    for member in archive:
        yield member
        claimed = archive.offset - member.offset_data
        if claimed > most_bytes + tarfile.BLOCKSIZE:
            raise tarfile.ReadError(f"{member.name!r} claims {claimed} bytes; a member has at most {most_bytes}")
