"""Tensor files of a gt folder: raw `.bin`, `.npy`, `.npz`, and pairs that must agree.

`.bin` is the tensor's bytes in C order, little-endian, without a header (run_joint, SDK V0.31; pulsar run 0.6.1.x).
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from axpair_proto.dtypes import ITEM_BYTES, size_bytes
from axpair_proto.errors import ContractError

Array = np.ndarray[Any, Any]
MAX_TENSOR_BYTES = 1 << 31
"""Larger files are refused before memory is taken."""


def read_npy(path: Path) -> Array:
    """Read one .npy. Raises ContractError on anything but a plain numeric array of at most 2 GiB."""
    _check_size(path)
    try:
        with path.open("rb") as stream:
            array = np.lib.format.read_array(stream, allow_pickle=False)
            rest = stream.read(1)
    except (ValueError, OSError, EOFError, SyntaxError, MemoryError) as error:
        raise ContractError(f"{path}: not a readable .npy file: {error}") from error
    if rest:
        raise ContractError(f"{path}: bytes follow the array: the file is damaged or was written twice")
    if array.dtype.name not in ITEM_BYTES:
        raise ContractError(f"{path}: dtype {array.dtype} is none that a model has")
    return np.ascontiguousarray(array)


def read_bin(path: Path, dtype: str, shape: Sequence[int]) -> Array:
    """Read one .bin of a known dtype and shape. Raises ContractError when its size is another."""
    _check_size(path)
    expected = size_bytes(dtype, tuple(shape))
    data = path.read_bytes()
    if len(data) != expected:
        raise ContractError(
            f"{path}: {len(data)} bytes, but {dtype} {list(shape)} has {expected}",
            next_step="check that the file belongs to this model and tensor",
        )
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def read_tensor(stem: Path, declared: tuple[str, Sequence[int]] | None = None) -> Array:
    """Read `stem`.npy and/or `stem`.bin. Without an .npy and without `declared`, the result is flat uint8.

    Raises ContractError when both are there and their bytes differ, or when the size isn't the declared one.
    """
    npy, raw = stem.with_name(stem.name + ".npy"), stem.with_name(stem.name + ".bin")
    if npy.is_file():
        array = read_npy(npy)
        if raw.is_file():
            _check_size(raw)
            if raw.read_bytes() != array.tobytes():
                raise ContractError(
                    f"{npy} and {raw} disagree",
                    next_step="delete the one that is wrong, or gather the folder again",
                )
        return array
    if not raw.is_file():
        raise ContractError(f"{stem}: neither .npy nor .bin is there")
    if declared is not None:
        return read_bin(raw, *declared)
    _check_size(raw)
    return np.frombuffer(raw.read_bytes(), dtype=np.uint8)


def read_npz(path: Path) -> dict[str, Array]:
    """Read every array of an .npz archive, without unpickling. Raises ContractError when it can't be read."""
    _check_size(path)
    try:
        # Opened here: numpy leaves the file open when the archive is damaged.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: np.ascontiguousarray(archive[name]) for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise ContractError(f"{path}: not a readable .npz file: {error}") from error
    return arrays


def stems_in(folder: Path) -> dict[str, Path]:
    """Stem to path-without-suffix of the tensors that lie directly in a folder, sorted by name."""
    suffixes = {".npy", ".bin"}
    found = sorted(path for path in folder.iterdir() if path.suffix in suffixes and path.is_file())
    return {path.name[: -len(path.suffix)]: path.with_name(path.name[: -len(path.suffix)]) for path in found}


def write_tensors(folder: Path, tensors: Mapping[str, Array], stems: Mapping[str, str]) -> None:
    """Write each tensor as .bin and .npy under its stem. The folder is made; the caller sees to atomicity."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in tensor_files(tensors, stems):
        (folder / name).write_bytes(data)


def tensor_files(tensors: Mapping[str, Array], stems: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """File name and content: each tensor as .bin and .npy under its stem."""
    for name, tensor in tensors.items():
        array = np.ascontiguousarray(tensor)
        yield f"{stems[name]}.bin", array.tobytes()
        stream = io.BytesIO()
        np.lib.format.write_array(stream, array, allow_pickle=False)
        yield f"{stems[name]}.npy", stream.getvalue()


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ContractError(f"{path}: can't be read: {error.strerror}") from error
    if size > MAX_TENSOR_BYTES:
        raise ContractError(f"{path}: {size} bytes; tensors beyond {MAX_TENSOR_BYTES} are refused")
