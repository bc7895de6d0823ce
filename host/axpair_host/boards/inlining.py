"""Which bytes go inside a request, and which by digest as blobs: agents take no large messages."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

INLINE_BYTES = 1 << 20
"""Of one input or file."""
INLINE_TOTAL_BYTES = 2 << 20
"""Of all in one request; agents refuse messages of 4 MiB."""


def inlined(data: Mapping[Key, bytes]) -> frozenset[Key]:
    """The keys of what goes inside the request: as many as have room, the smallest first."""
    left = INLINE_TOTAL_BYTES
    names = set()
    for name, content in sorted(data.items(), key=lambda item: len(item[1])):
        if len(content) > min(left, INLINE_BYTES):
            break
        left -= len(content)
        names.add(name)
    return frozenset(names)
