"""Frames between agent and worker: a prefix of fixed size, a JSON header, a raw payload.

Prefix, little-endian, 32 bytes: magic "AXPW", protocol (u8), kind (u8), zero (u16), header length (u32), payload
length (u64), CRC32 of header and payload (u32), zero (u32), CRC32 of the 28 bytes before it (u32). A stream that
carries anything else is told at its first 32 bytes, before any length in it is believed.
"""

import enum
import json
import struct
import zlib
from typing import Any, Callable, Dict, Iterable, NamedTuple, Union

from axpair_agent.worker import WORKER_PROTOCOL

Buffer = Union[bytes, bytearray, memoryview]

MAX_HEADER_BYTES = 1 << 20
MAX_ROUND_HEADER_BYTES = 8 << 20
"""Of ROUND alone, which may list thousands of ranges for each output."""
MAX_PAYLOAD_BYTES = 1 << 30
"""Beyond these a frame is refused before memory is taken."""
MAX_DIGITS = 20
"""Of a whole number in a header: 2^63 has 19."""

_MAGIC = b"AXPW"
_PREFIX = struct.Struct("<4sBBHIQII")
_PREFIX_CRC = struct.Struct("<I")
PREFIX_BYTES = _PREFIX.size + _PREFIX_CRC.size


class Kind(enum.IntEnum):
    """What a frame means; docs/protocol.md has the headers of each."""

    # Agent to worker.
    HAVE = 1
    PUT = 2
    LOAD = 3
    RUN = 4
    CLOSE = 5
    # Worker to agent.
    HELLO = 16
    NO_RUNTIME = 17
    HELD = 18
    LOADED = 19
    ROUND = 20
    FAULT = 21


class Frame(NamedTuple):
    """One frame, taken apart; `payload` is writable memory of its own."""

    kind: Kind
    header: Dict[str, Any]
    payload: bytearray


class FrameError(Exception):
    """What came is not a frame, or not a whole one; the text says what was found."""


class CutShort(FrameError):
    """The stream ended within a frame."""


class EndOfFrames(Exception):
    """The stream ended between two frames."""


def pack(kind: Kind, header: Dict[str, Any], payload: Iterable[Buffer] = ()) -> "list[Buffer]":
    """The pieces of a frame, to be written one after the other; payload pieces are not copied.

    Raises FrameError where header or payload are larger than a frame may be.
    """
    encoded = json.dumps(header, separators=(",", ":")).encode()
    pieces = [memoryview(piece).cast("B") for piece in payload]
    length = sum(len(piece) for piece in pieces)
    _check_lengths(kind, len(encoded), length)
    crc = zlib.crc32(encoded)
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
    prefix = _PREFIX.pack(_MAGIC, WORKER_PROTOCOL, kind, 0, len(encoded), length, crc, 0)
    return [prefix + _PREFIX_CRC.pack(zlib.crc32(prefix)) + encoded, *pieces]


def read(readinto: Callable[[memoryview], int]) -> Frame:
    """The next frame. `readinto` fills the start of a view, returns how many bytes came, 0 at the end.

    Raises EndOfFrames where the stream ends before the frame, FrameError where it is cut short or makes no sense.
    """
    prefix = _exactly(readinto, PREFIX_BYTES, at_start=True)
    body, crc_of_prefix = bytes(prefix[: _PREFIX.size]), _PREFIX_CRC.unpack_from(prefix, _PREFIX.size)[0]
    magic, protocol, kind, _, header_bytes, payload_bytes, crc, _ = _PREFIX.unpack(body)
    if magic != _MAGIC or zlib.crc32(body) != crc_of_prefix:
        raise FrameError(f"no frame: the stream goes on with {bytes(prefix)!r}")
    if protocol != WORKER_PROTOCOL:
        raise FrameError(f"frame of protocol {protocol}, expected {WORKER_PROTOCOL}")
    _check_lengths(kind, header_bytes, payload_bytes)
    encoded = _exactly(readinto, header_bytes)
    payload = _exactly(readinto, payload_bytes)
    if zlib.crc32(payload, zlib.crc32(encoded)) != crc:
        raise FrameError(f"frame of kind {kind} with a wrong checksum over {header_bytes + payload_bytes} bytes")
    try:
        header = json.loads(encoded.decode(), parse_int=_whole, parse_constant=_refused)
        if not isinstance(header, dict):
            raise ValueError("not an object")
        return Frame(Kind(kind), header, payload)
    except RecursionError:
        raise FrameError(f"frame of kind {kind} with an unusable header: nested too deep") from None
    except ValueError as error:
        raise FrameError(f"frame of kind {kind} with an unusable header: {error}") from error


def split(payload: Buffer, sizes: Iterable[int]) -> "list[bytes]":
    """The payload's parts, in order. Raises FrameError where the sizes don't add up to it."""
    view = memoryview(payload).cast("B")
    parts = []
    start = 0
    for size in sizes:
        if size < 0:
            raise FrameError(f"a part of {size} bytes")
        parts.append(bytes(view[start : start + size]))
        start += size
    if start != len(view):
        raise FrameError(f"the parts take {start} bytes, the payload has {len(view)}")
    return parts


def _check_lengths(kind: int, header_bytes: int, payload_bytes: int) -> None:
    most = MAX_ROUND_HEADER_BYTES if kind == Kind.ROUND else MAX_HEADER_BYTES
    if header_bytes > most or payload_bytes > MAX_PAYLOAD_BYTES:
        raise FrameError(
            f"frame of kind {kind} with a header of {header_bytes} and a payload of {payload_bytes} bytes; "
            f"at most {most} and {MAX_PAYLOAD_BYTES} are taken"
        )


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _exactly(readinto: Callable[[memoryview], int], size: int, at_start: bool = False) -> bytearray:
    try:
        data = bytearray(size)
    except MemoryError:
        raise FrameError(f"no memory for {size} bytes") from None
    view = memoryview(data)
    done = 0
    while done < size:
        count = readinto(view[done:])
        if not count:
            if at_start and not done:
                raise EndOfFrames("the stream ended")
            raise CutShort(f"the stream ended after {done} of {size} bytes: {bytes(data[:done][:32])!r}")
        done += count
    return data
