"""Arrays as one block of little-endian bytes and an index; nothing in it can be executed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from axpair_emulator.errors import JointError
from axpair_emulator.storage.document import ArrayIndex

DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "int64")
_ALIGNMENT = 64

Array = np.ndarray[Any, Any]


def pack_arrays(arrays: Mapping[str, Array]) -> tuple[dict[str, ArrayIndex], bytes]:
    """Index and bytes of arrays of integer dtypes."""
    index: dict[str, ArrayIndex] = {}
    block = bytearray()
    for name, array in arrays.items():
        block.extend(bytes(-len(block) % _ALIGNMENT))
        dtype = str(array.dtype)
        assert dtype in DTYPES, f"{name}: {dtype}"
        index[name] = ArrayIndex(dtype, tuple(array.shape), len(block))
        block.extend(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
    return index, bytes(block)


def unpack_arrays(index: Mapping[str, ArrayIndex], block: bytes) -> dict[str, Array]:
    """Read-only views into the block. Raises JointError when an entry reaches outside it or has another dtype."""
    arrays: dict[str, Array] = {}
    for name, entry in index.items():
        count = math.prod(entry.shape)
        valid = entry.dtype in DTYPES and entry.offset >= 0 and all(length >= 0 for length in entry.shape)
        if not valid or entry.offset + count * np.dtype(entry.dtype).itemsize > len(block):
            raise JointError(
                f"array {name!r} ({entry.dtype} {entry.shape} at {entry.offset}) lies outside its {len(block)} bytes",
                next_step="the joint is damaged: build it again",
            )
        dtype = np.dtype(entry.dtype).newbyteorder("<")
        arrays[name] = np.frombuffer(block, dtype, count, entry.offset).reshape(entry.shape)
    return arrays
