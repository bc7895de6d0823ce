"""The element types of model inputs and outputs, by the names that axpair uses everywhere."""

import sys

from axpair_proto.errors import ContractError

ITEM_BYTES = {
    "uint8": 1,
    "int8": 1,
    "uint16": 2,
    "int16": 2,
    "uint32": 4,
    "int32": 4,
    "float32": 4,
    "float64": 8,
    "int64": 8,
    "float16": 2,
}
"""Bytes of one element. The names are numpy's; all files and messages are little-endian."""

MAX_AXES = 32
"""Of one tensor: so many could numpy hold before its second release."""

JOINT_DTYPES = {
    1: "uint8",
    2: "uint16",
    3: "float32",
    4: "int16",
    5: "int8",
    6: "int32",
    7: "uint32",
    8: "float64",
}
"""AX_JOINT's eDataType (joint.h, SDK V0.31); the packed raw formats 100..103 have no element type."""


def size_bytes(dtype: str, shape: tuple[int, ...]) -> int:
    """Bytes of a dense tensor. Raises ContractError on an unknown dtype, and a shape that no array has."""
    if dtype not in ITEM_BYTES:
        raise ContractError(f"unknown dtype {dtype!r}; known: {', '.join(ITEM_BYTES)}")
    if len(shape) > MAX_AXES:
        raise ContractError(f"a shape of {len(shape)} axes; at most {MAX_AXES} can be")
    total = ITEM_BYTES[dtype]
    for length in shape:
        if length < 0:
            raise ContractError(f"shape {shape} has a negative length")
        total *= length
    if total > sys.maxsize:
        raise ContractError(f"shape {shape} has {total} bytes, more than any memory")
    return total
