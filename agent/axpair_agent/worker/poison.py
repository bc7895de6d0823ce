"""Poison: fresh pseudo-random bytes in an output buffer before a run; what survives was not written.

Surviving means: at its own offset. An answer of an earlier run, or zeros, is no survivor.
"""

import hashlib
import re
from typing import List, Tuple, Union

Buffer = Union[bytes, bytearray, memoryview]

LEAST_BYTES = 16
"""Shorter runs may be chance, where there are many places for them."""
LEAST_AT_END = 4
"""Of a run that reaches an output's end: there is one place for it, and a lost tail is often short."""

MAX_RANGES = 4096
"""More ranges than this are joined into the last one."""

_BLOCK = 1 << 20


def poison(seed: bytes, index: int, size: int) -> bytes:
    """`size` bytes for the output with that index; the same for the same seed and index."""
    return hashlib.shake_128(seed + index.to_bytes(4, "little")).digest(size)


def survivors(expected: bytes, found: Buffer) -> List[Tuple[int, int]]:
    """(offset, length) in bytes of each run of `expected` that still stands in `found`, by rising offset."""
    size = min(len(expected), len(found))
    if size < LEAST_AT_END:
        return []
    found_view = memoryview(found).cast("B")
    equal = b"".join(
        _zero_where_equal(expected, found_view, at, min(_BLOCK, size - at)) for at in range(0, size, _BLOCK)
    )
    ranges = []
    if equal.find(bytes(LEAST_BYTES)) >= 0:
        ranges = [(run.start(), run.end() - run.start()) for run in re.finditer(b"\\x00{%d,}" % LEAST_BYTES, equal)]
    tail = size - len(equal.rstrip(b"\0"))
    if LEAST_AT_END <= tail < LEAST_BYTES:
        ranges.append((size - tail, tail))
    if len(ranges) > MAX_RANGES:
        start, last = ranges[MAX_RANGES - 1][0], ranges[-1]
        ranges[MAX_RANGES - 1 :] = [(start, last[0] + last[1] - start)]
    return ranges


def _zero_where_equal(expected: bytes, found: memoryview, at: int, size: int) -> bytes:
    """XOR of one block, as big integers: the fastest way the standard library has."""
    left = int.from_bytes(expected[at : at + size], "little")
    right = int.from_bytes(found[at : at + size], "little")
    return (left ^ right).to_bytes(size, "little")
