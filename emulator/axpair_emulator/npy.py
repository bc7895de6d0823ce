"""Reads .npy files: what they hold first, and only then, if it is wanted, their values."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_emulator.errors import InputError

_MAX_HEADER = 10_000


@dataclass(frozen=True)
class StoredArray:
    """An array as a file declares it; the declaration may be false."""

    name: str
    """Of the file, for people."""
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    """Whether the first axis runs fastest."""
    values: bytes

    def array(self) -> np.ndarray[Any, Any]:
        """The values. Raises InputError where there are fewer or more than declared."""
        wanted = math.prod(self.shape) * self.dtype.itemsize
        if len(self.values) != wanted:
            raise InputError(
                f"{self.name} holds {len(self.values)} bytes of values; its header declares {wanted}",
                next_step="copy the file again, or save it with numpy.save",
            )
        return np.frombuffer(self.values, self.dtype).reshape(self.shape, order="F" if self.fortran_order else "C")


def read_npy(content: bytes, name: str) -> StoredArray:
    """What a file declares. Raises InputError when it is no .npy file, or one that needs pickle."""
    stream = io.BytesIO(content)
    try:
        shape, fortran_order, dtype = _header(stream)
    except Exception as error:  # numpy has Python's own parser read the header, which raises anything
        words = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{name} ({len(content)} bytes) is not a readable .npy file: {words}", next_step="save it with numpy.save"
        ) from None
    return StoredArray(name, shape, dtype, fortran_order, content[stream.tell() :])


def _header(stream: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version[0]}.{version[1]} of the format, which plain arrays don't need")
    first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that Python 2 wrote
        shape, fortran_order, dtype = read(stream, max_header_size=_MAX_HEADER)
    if dtype.hasobject or any(length < 0 for length in shape):
        raise ValueError(f"{dtype} {shape}")
    return shape, fortran_order, dtype
