"""A disk that can lose its power: an ext4 image on a loop device that writes back nothing unless it is told to.

`noauto_da_alloc` and a long `commit` take away what ext4 does by itself for programs that forget to sync. What the
mounted file system holds in memory is not in the image; so a copy of the image is the disk after a power cut.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPTIONS = "loop,noauto_da_alloc,commit=3600,noatime"
_MIB = 1 << 20


def is_possible() -> bool:
    """Whether this user may mount one here, tried."""
    if os.name != "posix" or os.geteuid() != 0 or not (shutil.which("mkfs.ext4") and shutil.which("mount")):
        return False
    with tempfile.TemporaryDirectory(prefix="axpair-image-") as folder:
        try:
            with mounted(made(Path(folder) / "image", 8), Path(folder) / "disk"):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def made(path: Path, mebibytes: int = 24) -> Path:
    """A fresh image. Raises subprocess.CalledProcessError."""
    with path.open("wb") as file:
        file.truncate(mebibytes * _MIB)
    _run("mkfs.ext4", "-q", "-F", "-O", "^resize_inode", "-J", "size=4" if mebibytes > 8 else "size=1", str(path))
    return path


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """Mount it at `place`, its journal replayed. Raises subprocess.CalledProcessError."""
    place.mkdir(exist_ok=True)
    _run("mount", "-o", OPTIONS, str(image), str(place))
    try:
        yield place
    finally:
        _run("umount", str(place))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
