"""Data sets in the form that simulators read: one tar for each input. A folder, or a single file, is packed for it."""

import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from axpair_proto.tar_members import tar_members

from axpair_host.errors import UsageError

MOST_BYTES = 1 << 28
"""Of one member of an archive."""
PACKED = 32
"""Files of a folder that are taken, spread over all of it."""


def of_case(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """One sample of each input; all have the same name, by which samples of several inputs are paired."""
    made = {}
    for place, (name, path) in enumerate(files.items()):
        made[name] = folder / f"case-{place}.tar"
        with tarfile.open(made[name], "w") as archive:
            archive.add(path, arcname=f"case{path.suffix}", recursive=False)
    return made


def of_folder(path: Path, folder: Path) -> Path:
    """The tar itself, or one of some files of a folder. Raises UsageError for an empty folder."""
    if not path.is_dir():
        return path
    files = [one for one in sorted(path.rglob("*")) if one.is_file() and not one.name.startswith(".")]
    if not files:
        raise UsageError(f"{path}: holds no files", next_step="give a folder or a tar of pictures")
    made = folder / f"{path.name or 'set'}-packed.tar"
    with tarfile.open(made, "w") as archive:
        for one in spread(files, PACKED):
            archive.add(one, arcname=one.relative_to(path).as_posix(), recursive=False)
    return made


def extracted(archive: Path, number: int, folder: Path) -> list[Path]:
    """The first samples of a tar as files in `folder`, under names of ours. Raises UsageError for a damaged one."""
    found: list[Path] = []
    try:
        with tarfile.open(archive, mode="r|*") as members:
            for member in tar_members(members, MOST_BYTES):
                if len(found) == number:
                    break
                if not member.isfile() or Path(member.name).name.startswith("."):
                    continue
                stream = members.extractfile(member)
                path = folder / f"sample-{len(found)}{Path(member.name).suffix.lower()[:8]}"
                path.write_bytes(stream.read() if stream else b"")
                found.append(path)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise UsageError(f"the data set {archive} can't be read: {error}") from error
    return found


def spread(files: Sequence[Path], number: int) -> list[Path]:
    """At most so many, evenly over all."""
    step = max(1.0, len(files) / number)
    return [files[int(at * step)] for at in range(min(number, len(files)))]
