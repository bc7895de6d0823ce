"""Tensor files of a gt folder: raw `.bin`, `.npy`, `.npz`, and pairs that must agree.

`.bin` is the tensor's bytes in C order, little-endian, without a header (run_joint, SDK V0.31; pulsar run 0.6.1.x).
"""

import contextlib
import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from axpair_proto.dtypes import ITEM_BYTES, size_bytes
from axpair_proto.errors import ContractError
from axpair_proto.failures import naming
from axpair_proto.names import match_stems
from axpair_proto.regular import open_regular, read_regular

Array = np.ndarray[Any, Any]
MAX_TENSOR_BYTES = 1 << 31
"""Larger files are refused before memory is taken."""
NUMBERS = "iufb"
"""Kinds of numpy's dtypes that are plain numbers."""
_SUFFIXES = (".npy", ".bin")
_DAMAGED = (
    *(ValueError, OSError, EOFError, SyntaxError, MemoryError, OverflowError, TypeError, RecursionError),
    *(tokenize.TokenError, struct.error),
)
"""What numpy raises on files that are none of its own."""


class UnreadableTensor(ContractError):
    """A tensor's file is damaged, can't be read, or leads elsewhere: that tensor isn't to be had, others may be."""


def read_npy(path: Path) -> Array:
    """Read one .npy, in this machine's order of bytes. Raises UnreadableTensor on anything but a plain numeric array of
    at most 2 GiB."""
    _check_size(path)
    try:
        with open_regular(path) as stream:
            array = _array_in(stream, path)
    except OSError as error:
        raise UnreadableTensor(f"{path}: can't be read: {error.strerror or error}") from error
    if array.dtype.name not in ITEM_BYTES:
        raise UnreadableTensor(f"{path}: dtype {array.dtype} is none that a model has")
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def read_foreign(path: Path, most: int) -> Array:
    """What another program just left as .npy or .bin, of at most `most` bytes: any numbers, a .bin as flat uint8.

    Nothing behind a link is read. Raises UnreadableTensor.
    """
    try:
        data = read_regular(path, most, follow=False)
    except OSError as error:
        raise UnreadableTensor(f"{path.name}: {error.strerror or error}") from error
    if len(data) > most:
        raise UnreadableTensor(f"{path.name}: more than {most} bytes, which aren't taken")
    array = np.frombuffer(data, np.uint8) if path.suffix == ".bin" else _array_in(io.BytesIO(data), Path(path.name))
    if array.dtype.kind not in NUMBERS:
        raise UnreadableTensor(f"{path.name}: dtype {array.dtype}, no array of numbers")
    return array


def _array_in(stream: IO[bytes], path: Path) -> Array:
    try:
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
        rest = stream.read(1)
    except _DAMAGED as error:
        raise UnreadableTensor(f"{path}: not a readable .npy file: {error}") from error
    if rest:
        raise UnreadableTensor(f"{path}: bytes follow the array: the file is damaged or was written twice")
    return array


def read_bin(path: Path, dtype: str, shape: Sequence[int]) -> Array:
    """Read one .bin of a known dtype and shape.

    Raises ContractError when its size is another, UnreadableTensor when it can't be read.
    """
    expected = size_bytes(dtype, tuple(shape))
    data = _content(path)
    if len(data) != expected:
        raise ContractError(
            f"{path}: {len(data)} bytes, but {dtype} {list(shape)} has {expected}",
            next_step="check that the file belongs to this model and tensor",
        )
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def read_tensor(stem: Path, declared: tuple[str, Sequence[int]] | None = None) -> Array:
    """Read `stem`.npy and/or `stem`.bin. Without an .npy and without `declared`, the result is flat uint8.

    Of an .npy that holds the .bin's values in a wider dtype, as float64 of float32, the .bin's dtype counts: a program
    reads that one. Raises ContractError when both are there and their values differ, or when the size isn't the
    declared one; UnreadableTensor when a file is damaged or can't be read.
    """
    npy, raw = stem.with_name(stem.name + ".npy"), stem.with_name(stem.name + ".bin")
    if npy.is_file():
        array = read_npy(npy)
        if raw.is_file() and (data := _content(raw)) != array.tobytes():
            if (narrow := _narrowed(array, data)) is not None:
                return narrow
            raise ContractError(
                f"{npy} and {raw} disagree",
                next_step="delete the one that is wrong, or gather the folder again",
            )
        return array
    if not raw.is_file():
        raise ContractError(f"{stem}: neither .npy nor .bin is there")
    if declared is not None:
        return read_bin(raw, *declared)
    return np.frombuffer(_content(raw), dtype=np.uint8)


def _narrowed(array: Array, data: bytes) -> Array | None:
    """The array in a narrower dtype of its kind, where its values are those of these bytes."""
    for name in ITEM_BYTES:
        dtype = np.dtype(name)
        if dtype.kind == array.dtype.kind and dtype.itemsize * array.size == len(data) and dtype != array.dtype:
            with np.errstate(over="ignore", invalid="ignore"):
                narrow = array.astype(dtype)
            return narrow if narrow.tobytes() == data else None
    return None


def read_npz(path: Path) -> dict[str, Array]:
    """Read every array of an .npz archive, without unpickling. Raises UnreadableTensor when it can't be read, or when
    its arrays have more than 2 GiB together."""
    _check_size(path)
    try:
        # Opened here: numpy leaves the file open when the archive is damaged.
        with open_regular(path) as stream, zipfile.ZipFile(stream) as members:
            unpacked = sum(member.file_size for member in members.infolist())  # more than it says isn't read
            if unpacked > MAX_TENSOR_BYTES:
                raise UnreadableTensor(
                    f"{path}: {unpacked} bytes unpacked; archives beyond {MAX_TENSOR_BYTES} are refused"
                )
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                arrays = {name: np.ascontiguousarray(archive[name]) for name in archive.files}
    except (
        *_DAMAGED,
        KeyError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise UnreadableTensor(f"{path}: not a readable .npz file: {error}") from error
    return arrays


def stems_in(folder: Path) -> dict[str, Path]:
    """Stem to path-without-suffix of the tensors that lie directly in a folder, sorted by name.

    What macOS puts beside a file is no tensor, and names made of dots alone, which no tensor has, are left out. Raises
    UnreadableTensor where it can't be listed.
    """
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())
    except OSError as error:
        raise UnreadableTensor(f"{folder}: can't be read: {error.strerror or error}") from error
    stems = [path.name[: -len(path.suffix)] for path in found if not is_companion(path)]
    return {stem: folder / stem for stem in stems if stem.strip(".")}


def is_companion(path: Path) -> bool:
    """Whether it is what macOS puts beside a file on a disk of another system, or into an archive: its attributes."""
    if not path.name.startswith("._"):
        return False
    if path.with_name(path.name[2:]).exists():
        return True
    try:
        with open_regular(path) as stream:
            return stream.read(4) == b"\x00\x05\x16\x07"
    except OSError:
        return False


def stems_below(folder: Path, names: Sequence[str] = ()) -> dict[str, Path]:
    """The same with those in folders below it, four deep, by their path from `folder` on; links to folders aren't
    followed. Without what lies in `folder` itself, a single folder that holds all the rest is left out of the names,
    unless more of the tensors' `names` are spelled with it: axcl's samples take a '/' in a name for a folder."""
    whole = found = stems_in_all(folder)
    while found and len({stem.partition("/")[0] for stem in found}) == 1 and all("/" in stem for stem in found):
        found = {stem.partition("/")[2]: path for stem, path in found.items()}
    return whole if found is not whole and len(match_stems(names, whole)) > len(match_stems(names, found)) else found


def stems_in_all(folder: Path) -> dict[str, Path]:
    """The same with every folder in the names. Raises as `stems_in` does."""
    return dict(_below(folder, "", 4))


def stems_named(folder: Path, names: Sequence[str], files: Collection[str] = ()) -> dict[str, Path]:
    """Those directly in it, with those of folders below it that stand for a name for which none directly in it does, or
    whose path is one of `files`. Raises as `stems_in` does, and ContractError where a file would stand for two."""
    found = stems_in(folder)
    below = {stem: path for stem, path in stems_in_all(folder).items() if "/" in stem}
    if not below:
        return found
    there = match_stems(names, found)
    missing = [name for name in names if name not in there]
    wanted = {*match_stems(missing, below).values(), *(stem for stem in files if stem in below)}
    if not found and len(names) == len(below) == 1:
        wanted = set(below)
    return found | {stem: path for stem, path in below.items() if stem in wanted}


def _below(folder: Path, prefix: str, deeper: int) -> Iterator[tuple[str, Path]]:
    for stem, path in stems_in(folder).items():
        yield prefix + stem, path
    for inner in sorted(folder.iterdir()) if deeper else ():
        if inner.is_dir() and not inner.is_symlink():
            with contextlib.suppress(UnreadableTensor):
                yield from _below(inner, f"{prefix}{inner.name}/", deeper - 1)


def other_files(folder: Path) -> list[str]:
    """Names of files in it and right below that are no tensors by their suffix, such as .raw or .BIN, sorted."""
    below = (path for form in ("*", "*/*") for path in folder.glob(form))
    return sorted(path.name for path in below if path.suffix not in _SUFFIXES and path.is_file())


def stems_within(folder: Path, root: Path, names: Sequence[str] = ()) -> dict[str, Path]:
    """The same as `stems_named`, where nothing outside `root` may be read. Raises UnreadableTensor for a link that
    leads there."""
    found = stems_in(folder) if leads_out(folder, root) else stems_named(folder, names)
    for path in (folder, *(stem for stem in found.values() if stem_leads_out(stem, root))):
        if path != folder or leads_out(folder, root):
            raise UnreadableTensor(
                f"{path}: a link that leads out of {root}, which isn't followed",
                next_step="put the files themselves there, as with cp -rL",
            )
    return found


def leads_out(path: Path, root: Path) -> bool:
    """Whether `path`, or a folder between it and `root`, is a link to something that doesn't lie below `root`."""
    try:
        return not path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # RuntimeError: links in a circle, up to Python 3.12
        return True


def stem_leads_out(stem: Path, root: Path) -> bool:
    """The same of a tensor's files."""
    files = [stem.with_name(stem.name + suffix) for suffix in _SUFFIXES]
    return any(path.is_symlink() and leads_out(path, root) for path in files)


def write_tensors(folder: Path, tensors: Mapping[str, Array], stems: Mapping[str, str]) -> None:
    """Write each tensor as .bin and .npy under its stem. The folder is made; the caller sees to atomicity."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in tensor_files(tensors, stems):
        with naming(folder / name):
            (folder / name).write_bytes(data)


def tensor_files(tensors: Mapping[str, Array], stems: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """File name and content: each tensor as .bin and .npy under its stem."""
    for name, tensor in tensors.items():
        array = np.ascontiguousarray(tensor)
        yield f"{stems[name]}.bin", array.tobytes()
        stream = io.BytesIO()
        np.lib.format.write_array(stream, array, allow_pickle=False)
        yield f"{stems[name]}.npy", stream.getvalue()


def bin_size(path: Path) -> int:
    """Bytes of a file. Raises UnreadableTensor where that can't be said."""
    try:
        return path.stat().st_size
    except OSError as error:
        raise UnreadableTensor(f"{path}: can't be read: {error.strerror or error}") from error


def _content(path: Path) -> bytes:
    _check_size(path)
    try:
        return read_regular(path, MAX_TENSOR_BYTES)
    except OSError as error:
        raise UnreadableTensor(f"{path}: can't be read: {error.strerror or error}") from error


def _check_size(path: Path) -> None:
    size = bin_size(path)
    if size > MAX_TENSOR_BYTES:
        raise UnreadableTensor(f"{path}: {size} bytes; tensors beyond {MAX_TENSOR_BYTES} are refused")
