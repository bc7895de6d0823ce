"""Walks the members of a tar archive that may lie about their sizes."""

import tarfile
from collections.abc import Iterator


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
