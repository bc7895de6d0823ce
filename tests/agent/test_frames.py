"""Frames between agent and worker: nothing wrong passes for one."""

import io
import struct
import zlib

import pytest
from axpair_agent.worker.frames import (
    MAX_PAYLOAD_BYTES,
    CutShort,
    EndOfFrames,
    Frame,
    FrameError,
    Kind,
    pack,
    read,
    split,
)


def parse(raw: bytes) -> Frame:
    stream = io.BytesIO(raw)
    return read(lambda view: stream.readinto(view))


def frame(header: dict[str, object], payload: bytes) -> bytes:
    return b"".join(bytes(piece) for piece in pack(Kind.RUN, header, [payload]))


def test_a_frame_comes_back_as_it_was_sent() -> None:
    found = parse(frame({"name": "ünïcode", "sizes": [3]}, b"\0\1\2"))
    assert found == Frame(Kind.RUN, {"name": "ünïcode", "sizes": [3]}, bytearray(b"\0\1\2"))


def test_a_stream_that_ends_between_frames_is_no_fault() -> None:
    with pytest.raises(EndOfFrames):
        parse(b"")


def test_every_changed_bit_of_a_frame_is_seen() -> None:
    raw = frame({"a": 1}, b"payload")
    for position in range(len(raw)):
        changed = bytearray(raw)
        changed[position] ^= 1 << position % 8
        with pytest.raises(FrameError):
            parse(bytes(changed))


def test_a_frame_that_is_cut_short_is_seen_at_every_length() -> None:
    raw = frame({"a": 1}, b"payload")
    for length in range(1, len(raw)):
        with pytest.raises(CutShort):
            parse(raw[:length])


def test_a_frame_that_claims_to_be_huge_is_refused_before_memory_is_taken() -> None:
    raw = bytearray(frame({}, b""))
    struct.pack_into("<Q", raw, 12, MAX_PAYLOAD_BYTES + 1)
    struct.pack_into("<I", raw, 28, zlib.crc32(raw[:28]))
    with pytest.raises(FrameError, match="payload of 1073741825 bytes"):
        parse(bytes(raw))


def test_a_payload_is_split_only_where_the_sizes_add_up() -> None:
    assert split(b"abcdef", [1, 0, 5]) == [b"a", b"", b"bcdef"]
    for sizes in ([6, 1], [5], [-1, 7]):
        with pytest.raises(FrameError):
            split(b"abcdef", sizes)
