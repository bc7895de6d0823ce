"""Looks at the samples of a data set: a tar as configurations name it, or a folder. One sample in memory at a time."""

import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from axpair_proto.regular import open_regular
from axpair_proto.tar_members import tar_members
from PIL import Image, UnidentifiedImageError

from axpair_host.digests import bytes_sha256
from axpair_host.errors import UsageError
from axpair_host.lint.hint import Passed

Array = np.ndarray[Any, Any]
MAX_BYTES = 1 << 28
"""Of one sample."""
MAX_SAMPLES = 20_000
DECODED = 64
"""Pictures that are decoded, spread over the first ones that calibration reads."""
BINS = 16
_THUMB = 16


@dataclass(frozen=True)
class Picture:
    """One picture, by a few numbers."""

    width: int
    height: int
    grey: bool
    """Whether its channels are alike."""
    means: tuple[float, float, float]
    histogram: Array
    """(3, BINS), each channel's share of pixels."""
    thumb: Array
    """16 x 16 luma, 0..255."""


@dataclass(frozen=True)
class Sample:
    """One file of a data set."""

    name: str
    size_bytes: int
    sha256: str
    picture: Picture | None
    """None for .bin and .npy, and for pictures that weren't decoded."""
    unread: str = ""
    """Why it is no picture, in a clause, where it was tried."""


def look(path: Path, limit: int = 0, *, pictures: bool = True) -> list[Sample]:
    """The samples that calibration would read: the first `limit`, 0 = all. Without `pictures` none is decoded.

    A file that is no picture has `unread`, and isn't counted. Raises UsageError for what is missing, damaged, too
    large, or holds nothing.
    """
    found: list[Sample] = []
    counted = 0
    for name, data in _files(path):
        if limit and counted == limit:
            break
        decode = pictures and len(found) < DECODED and Path(name).suffix.lower() not in (".bin", ".npy")
        picture, unread = _picture(data) if decode else (None, "")
        found.append(Sample(name, len(data), bytes_sha256(data), picture, unread))
        counted += not unread
    if not found:
        raise UsageError(f"the data set {path} holds no files", next_step="pack pictures: tar cf set.tar *.jpg")
    return found


def readable(path: str, samples: Sequence[Sample], what: str = "calibration") -> tuple[list[Sample], list[Passed]]:
    """The samples without those that are no pictures, and a line on these."""
    odd = [one for one in samples if one.unread]
    if not odd:
        return list(samples), []
    more = f"; {len(odd) - 1} more of {len(samples)} files" if odd[1:] else ""
    advice = ": a build may stop there; take it out of the set" if what == "calibration" else ""
    why = f"{path}: {odd[0].name!r} is {odd[0].unread}{more}{advice}"
    return [one for one in samples if not one.unread], [Passed(what, why)]


def first_sample(path: Path, suffix: str) -> tuple[str, bytes]:
    """Name and content of the set's first file that ends so. Raises UsageError as `look` does, or for none."""
    for name, data in _files(path):
        if name.lower().endswith(suffix):
            return name, data
    raise UsageError(f"the data set {path} holds no {suffix} files")


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir():
            files = [one for one in sorted(path.rglob("*")) if one.is_file() and not one.name.startswith(".")]
            for one in files[:MAX_SAMPLES]:
                _check(path, one.name, one.stat().st_size)
                yield one.relative_to(path).as_posix(), one.read_bytes()
            return
        open_regular(path).close()
        if zipfile.is_zipfile(path):
            yield from _zipped(path)
            return
        with tarfile.open(path, mode="r|*") as archive:
            for count, member in enumerate(tar_members(archive, MAX_BYTES)):
                if count >= MAX_SAMPLES:
                    return
                if member.isfile() and not PurePosixPath(member.name).name.startswith("."):
                    _check(path, member.name, member.size)
                    stream = archive.extractfile(member)
                    yield member.name, stream.read() if stream else b""
    except UsageError:
        raise
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"the data set {path} can't be read: {why}", next_step="check the path") from error
    except Exception as error:  # tarfile and the decompressors raise anything on damaged archives
        raise UsageError(f"the data set {path} is no tar or zip file, or is cut off: {error}") from error


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist()[:MAX_SAMPLES]:
            if not member.is_dir() and not PurePosixPath(member.filename).name.startswith("."):
                _check(path, member.filename, member.file_size)
                yield member.filename, archive.read(member)


def _check(path: Path, name: str, size: int) -> None:
    if size > MAX_BYTES:
        raise UsageError(f"{path}: {name!r} has {size} bytes; a sample has at most {MAX_BYTES}")


def _picture(data: bytes) -> tuple[Picture | None, str]:
    """The picture, or why it is none."""
    try:
        with Image.open(BytesIO(data)) as image:
            size = image.size
            image.draft("RGB", (256, 256))
            small = image.convert("RGB")
            small.thumbnail((256, 256))
            thumb = np.asarray(small.convert("L").resize((_THUMB, _THUMB)), np.float64)
            pixels = np.asarray(small)
    except UnidentifiedImageError:
        return None, "no picture of a known format, or is cut off"
    except Exception as error:  # pillow raises anything on damaged files, and refuses bombs
        return None, f"no picture that can be read: {error}"
    flat = pixels.reshape(-1, 3)
    histogram = np.stack([np.bincount(flat[:, c] // (256 // BINS), minlength=BINS) for c in range(3)]) / len(flat)
    spread = int((flat.max(axis=1).astype(int) - flat.min(axis=1)).max())
    means = (float(flat[:, 0].mean()), float(flat[:, 1].mean()), float(flat[:, 2].mean()))
    return Picture(size[0], size[1], spread <= 3, means, histogram, thumb), ""
