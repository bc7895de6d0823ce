"""What comes to the agent's port and is no call, or no whole one."""

import random
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from benchmarks.hostile.support.caller import Caller
from benchmarks.hostile.support.raw_http2 import (
    END_HEADERS,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    call,
    exchange,
    frame,
    headers,
)

SECONDS = 0.3
CONNECTIONS = 700
HELLO = "/axpair.v1.Handshake/Hello"


def scenarios() -> Iterator[tuple[str, Callable[[Caller], str], tuple[str, ...]]]:
    """All: what counts is that the agent lives and serves."""
    yield f"port: {CONNECTIONS} connections that say nothing", _connected, ("OK",)
    noise = random.Random(9)
    begun = PREFACE + frame(SETTINGS, 0, 0)
    head = headers(HELLO)
    for name, data in {
        "nothing": b"",
        "noise": noise.randbytes(100_000),
        "HTTP/1": b"GET / HTTP/1.1\r\nHost: agent\r\n\r\n",
        "an endless line of HTTP/1": b"GET /" + b"a" * 1_000_000,
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise.randbytes(500),
        "half a preface": PREFACE[:10],
        "a preface alone": PREFACE,
        "a preface and noise": PREFACE + noise.randbytes(10_000),
        "a frame of 16 MiB announced": begun + b"\xff\xff\xff" + bytes([HEADERS, 0]) + struct.pack(">I", 1),
        "10,000 settings": PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 1) * 10_000)[: 1 << 14],
        "settings of 5 bytes": PREFACE + frame(SETTINGS, 0, 0, b"12345"),
        "headers that are none": begun + frame(HEADERS, END_HEADERS, 1, noise.randbytes(1_000)),
        "headers without end": begun + frame(HEADERS, 0, 1, head) + frame(9, 0, 1, b"\0" * 10_000) * 50,
        "a header of 16 KiB": begun + frame(HEADERS, END_HEADERS, 1, headers(HELLO, [("x", "y" * 16_000)])),
        "10,000 pings": begun + frame(PING, 0, 0, bytes(8)) * 10_000,
        "1,000 streams begun and reset": begun
        + b"".join(
            frame(HEADERS, END_HEADERS, 2 * number + 1, head)
            + frame(RST_STREAM, 0, 2 * number + 1, struct.pack(">I", 8))
            for number in range(1_000)
        ),
        "1,000 streams begun and left": begun
        + b"".join(frame(HEADERS, END_HEADERS, 2 * number + 1, head) for number in range(1_000)),
        "a window beyond 2^31": begun + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**31 - 1)) * 2,
        "data of no stream": begun + frame(0, 0, 7, bytes(1_000)),
        "an even stream": begun + frame(HEADERS, END_HEADERS, 2, head),
        "a stream of number 0": begun + frame(HEADERS, END_HEADERS, 0, head),
        "frames of unknown kinds": begun + b"".join(frame(kind, 255, 0, bytes(9)) for kind in range(16, 256)),
    }.items():
        yield f"port: {name}", partial(_sent, data), ("any",)
    for name, body, end in (
        ("a message of 4 GiB announced", b"\0\xff\xff\xff\xff", False),
        ("a message of 4 GiB announced, and its end", b"\0\xff\xff\xff\xff", True),
        ("a compressed message of no compression", b"\1\0\0\0\1x", True),
        ("a head of 3 bytes", b"\0\0\0", True),
        ("flags that there aren't", b"\xff\0\0\0\0", True),
        ("half a message", b"\0\0\0\0\x0aabc", True),
        ("a hundred messages of a unary call", b"\0\0\0\0\0" * 100, True),
    ):
        yield f"call: {name}", partial(_called, body, end), ("any",)


def _connected(caller: Caller) -> str:
    """Connections that say nothing, and whether another host is served meanwhile."""
    with ExitStack() as held:
        for _ in range(CONNECTIONS):
            held.enter_context(socket.create_connection(("127.0.0.1", caller.agent.port), SECONDS))
        return "OK" if caller.serves() else "not served"


def _sent(data: bytes, caller: Caller) -> str:
    exchange(caller.agent.port, data, SECONDS)
    return "any"


def _called(body: bytes, end: bool, caller: Caller) -> str:
    exchange(caller.agent.port, call(HELLO, caller.agent.metadata, body, end), SECONDS)
    return "any"
