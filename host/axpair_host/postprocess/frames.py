"""What axpair and the process of a Python post-processor tell each other: JSON with its length before it, then tensors.

Nothing is pickled: a tensor is its bytes, with name, dtype and shape in the JSON.
"""

import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

Array = np.ndarray[Any, Any]
MAX_MESSAGE = 16 << 20
"""Bytes of JSON."""
_LENGTH = 8


class TooLong(ValueError):
    """A message of more than MAX_MESSAGE bytes."""


def send(stream: IO[bytes], message: Mapping[str, Any], tensors: Mapping[str, Array] | None = None) -> None:
    """Write one message. Raises TooLong before anything is written, and OSError where nobody reads."""
    arrays = {name: np.asarray(tensor, order="C") for name, tensor in (tensors or {}).items()}
    facts = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    data = json.dumps({**message, "tensors": facts}).encode()
    if len(data) > MAX_MESSAGE:
        raise TooLong(f"{len(data)} bytes")
    stream.write(len(data).to_bytes(_LENGTH, "big"))
    stream.write(data)
    for array in arrays.values():
        stream.write(_bytes_of(array))
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], dict[str, Array]] | None:
    """Read one message and its tensors, which are writable and nobody else's. None where the stream ended, or holds
    no message."""
    length = int.from_bytes(stream.read(_LENGTH), "big")
    if not 0 < length <= MAX_MESSAGE:
        return None
    data = stream.read(length)
    if len(data) < length:
        return None
    message: dict[str, Any] = json.loads(data)
    tensors = {}
    for name, dtype, shape in message.pop("tensors"):
        tensors[name] = np.empty(shape, np.dtype(dtype))
        into = _bytes_of(tensors[name])
        while into:
            count = stream.readinto(into)  # type: ignore[attr-defined]
            if not count:
                return None
            into = into[count:]
    return message, tensors


def _bytes_of(array: Array) -> memoryview:
    """The bytes of a contiguous array, whatever its shape."""
    return array.reshape(-1).view(np.uint8).data
