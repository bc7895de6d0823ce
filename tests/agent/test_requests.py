"""What an agent's frame asks is typed and within bounds, or the worker ends in order with what was wrong."""

import subprocess
import sys
from typing import Any

import pytest
from agent_process import TOY, environment
from axpair_agent.worker.descriptors import reader
from axpair_agent.worker.frames import Frame, FrameError, Kind, pack, read
from axpair_agent.worker.requests import Load, Run, read_request

DIGEST = "0" * 64
NONSENSE: list[tuple[Kind, dict[str, Any], bytes, str]] = [
    (Kind.RUN, {"rounds": ["case"], "sizes": [3], "nonce": 5}, b"abc", "nonce is not of the form"),
    (Kind.RUN, {"rounds": ["case"], "sizes": [3], "nonce": "a\n"}, b"abc", "nonce is not of the form"),
    (Kind.RUN, {"rounds": [], "sizes": [3]}, b"abc", "rounds are not"),
    (Kind.RUN, {"rounds": ["case", "probe"], "sizes": [3]}, b"abc", "rounds are not"),
    (Kind.RUN, {"rounds": [["case"]], "sizes": [3]}, b"abc", "rounds are not"),
    (Kind.RUN, {"rounds": "case", "sizes": [3]}, b"abc", "rounds is no list"),
    (Kind.RUN, {"rounds": ["case"], "sizes": [True]}, b"a", "sizes are not all whole numbers"),
    (Kind.RUN, {"rounds": ["case"], "sizes": ["3"]}, b"abc", "sizes are not all whole numbers"),
    (Kind.RUN, {"rounds": ["case"], "sizes": [-1, 4]}, b"abc", "sizes are not all whole numbers"),
    (Kind.RUN, {"rounds": ["case"], "sizes": [4]}, b"abc", "the parts take 4 bytes, the payload has 3"),
    (Kind.RUN, {"rounds": ["before", "case"], "sizes": [3]}, b"abc", "before_sizes is no list"),
    (Kind.RUN, {"rounds": ["case"], "sizes": [3], "deadline_ms": -1}, b"abc", "deadline_ms is no whole number"),
    (Kind.RUN, {"rounds": ["case"], "sizes": [3], "deadline_ms": 1e3}, b"abc", "deadline_ms is no whole number"),
    (Kind.LOAD, {"path": 7}, b"", "path is no path"),
    (Kind.LOAD, {"path": "a\0b"}, b"", "path is no path"),
    (Kind.LOAD, {"sha256": "../../x"}, b"", "sha256 is not of the form"),
    (Kind.HAVE, {"sha256": DIGEST}, b"more", "HAVE with 4 bytes behind it"),
    (Kind.PUT, {"sha256": DIGEST, "offset": "0", "size": 1}, b"x", "offset is no whole number"),
    (Kind.ROUND, {}, b"", "no request: ROUND"),
]


@pytest.mark.parametrize(("kind", "header", "payload", "said"), NONSENSE)
def test_requests_that_make_no_sense_are_refused(kind: Kind, header: dict[str, Any], payload: bytes, said: str) -> None:
    with pytest.raises(FrameError, match=said):
        read_request(Frame(kind, {"nonce": "a", **header}, bytearray(payload)))


def test_requests_that_make_sense_are_read() -> None:
    header = {"nonce": "a", "rounds": ["before", "case"], "sizes": [1, 2], "before_sizes": [2, 1], "deadline_ms": 5}
    found = read_request(Frame(Kind.RUN, header, bytearray(b"abbccd")))
    assert found == ("a", 5, Run(["before", "case"], [b"a", b"bb"], [b"cc", b"d"]))
    assert read_request(Frame(Kind.LOAD, {"nonce": "a", "path": "/m"}, bytearray())).what == Load("/m", "")


def nested_header() -> bytes:
    """A RUN whose header is deeper than any reader goes."""
    return packed(Kind.RUN, b'{"a":' * 100_000 + b"1" + b"}" * 100_000)


def packed(kind: Kind, header: bytes) -> bytes:
    """A frame with a header that is no JSON of ours."""
    import struct
    import zlib

    (prefix,) = pack(kind, {})
    changed = struct.pack("<I", len(header)).join((bytes(prefix[:8]), bytes(prefix[12:20])))
    changed += struct.pack("<II", zlib.crc32(header), 0)
    return changed + struct.pack("<I", zlib.crc32(changed)) + header


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (nested_header(), "nested too deep"),
        (packed(Kind.RUN, b'{"sizes":[' + b"1" * 5000 + b"]}"), "a number of 5000 digits"),
        (packed(Kind.RUN, b'{"deadline_ms":NaN}'), "NaN is no number"),
        (packed(Kind.RUN, b"[]"), "not an object"),
        (packed(Kind.RUN, b"\xff\xfe"), "can't decode"),
        (b"this is no frame, but it is long enough", "no frame"),
        (b"".join(map(bytes, pack(Kind.RUN, {"nonce": "a", "rounds": ["case"], "sizes": []}))), "no model is loaded"),
        (b"".join(map(bytes, pack(Kind.PUT, {"nonce": [], "offset": 0}))), "nonce is not of the form"),
        (b"".join(map(bytes, pack(Kind.HELLO, {"nonce": "a"}))), "no request: HELLO"),
    ],
)
def test_a_live_worker_ends_in_order_and_says_why(raw: bytes, said: str) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "axpair_agent.worker", f"--runtime={TOY}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    try:
        assert worker.stdin is not None
        assert worker.stderr is not None
        worker.stdin.write(raw)
        worker.stdin.flush()
        # Its stdin stays open: it ends because of what came, not because its agent went.
        (line,) = worker.stderr.read().decode().splitlines()
        assert worker.wait(60) == 1
    finally:
        worker.kill()
        worker.communicate()
    assert line.startswith("axpair-worker: ")
    assert said in line


def test_a_description_that_is_no_json_is_the_runtimes_fault() -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "axpair_agent.worker", f"--runtime={TOY}", "--option=describes=bytes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    )
    asked = b"".join(bytes(piece) for piece in pack(Kind.LOAD, {"nonce": "a", "path": "/dev/null"}))
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(asked)
    worker.stdin.flush()
    hello, fault = (read(reader(worker.stdout.fileno())) for _ in range(2))
    worker.communicate(timeout=60)
    assert (hello.kind, fault.kind, worker.returncode) == (Kind.HELLO, Kind.FAULT, 0)
    assert "not JSON serializable" in fault.header["message"]
