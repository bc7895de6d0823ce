"""Just enough of HTTP/2 to send an agent what no library would: huge messages without holding them, and garbage."""

import contextlib
import socket
import struct
from collections.abc import Sequence

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK = END_STREAM = 1
END_HEADERS = 4
PIECE = 16_384
FIRST_WINDOW = 65_535


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def headers(path: str, metadata: Sequence[tuple[str, str | bytes]] = ()) -> bytes:
    """A call's header block, every field spelled out."""
    fields: list[tuple[str, str | bytes]] = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "127.0.0.1"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *metadata,
    ]
    return b"".join(b"\0" + _string(name) + _string(value) for name, value in fields)


def call(path: str, metadata: Sequence[tuple[str, str]], data: bytes, end: bool) -> bytes:
    """All that a caller sends for one call of stream 1, its settings included; `data` is the body as it stands."""
    flags = END_STREAM if end else 0
    return b"".join(
        [
            PREFACE,
            frame(SETTINGS, 0, 0),
            frame(HEADERS, END_HEADERS, 1, headers(path, metadata)),
            *(frame(DATA, 0, 1, data[at : at + PIECE]) for at in range(0, len(data), PIECE)),
            frame(DATA, flags, 1) if end else b"",
        ]
    )


def exchange(port: int, data: bytes, seconds: float) -> bytes:
    """Send bytes over a connection of their own, say that no more come, and read until the agent closes it, for
    `seconds` at most."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection, contextlib.suppress(OSError):
        connection.settimeout(seconds)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(1 << 16)
    return b""


class LargeMessage:
    """One call on a connection of its own, whose message of `size` bytes is sent as fast as the agent lets it."""

    def __init__(self, port: int, path: str, metadata: Sequence[tuple[str, str]], size: int) -> None:
        self.sent = 0
        self.ended = False
        """Whether the agent ended the call, or closed the connection."""
        self._left = size
        self._windows = {0: FIRST_WINDOW, 1: FIRST_WINDOW}
        self._first_window = FIRST_WINDOW
        self._received = bytearray()
        self._connection = socket.create_connection(("127.0.0.1", port), 10)
        self._connection.settimeout(1)
        begun = frame(HEADERS, END_HEADERS, 1, headers(path, metadata))
        self._connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + begun)
        self._pending = b"\0" + struct.pack(">I", size)
        """The message's own head: uncompressed, and its length."""

    def go_on(self) -> None:
        """Send what the windows allow, then take what came. To be called until `ended`, or for as long as wanted."""
        try:
            while not self.ended and (piece := self._next_piece()):
                self._connection.sendall(frame(DATA, 0, 1, piece))
                self.sent += len(piece)
                self._take(0.0)
            if not self.ended:
                self._take(0.05)
        except OSError:
            self.ended = True

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _next_piece(self) -> bytes:
        room = max(0, min(PIECE, *self._windows.values()))
        piece = self._pending[:room]
        self._pending = self._pending[room:]
        more = min(room - len(piece), self._left)
        self._left -= more
        piece += bytes(more)
        for stream in self._windows:
            self._windows[stream] -= len(piece)
        return piece

    def _take(self, seconds: float) -> None:
        self._connection.settimeout(seconds or 0.000_1)
        try:
            came = self._connection.recv(1 << 16)
            self.ended = not came
        except TimeoutError:
            came = b""
        self._connection.settimeout(1)
        self._received += came
        while len(self._received) >= 9:
            length = int.from_bytes(self._received[:3], "big")
            if len(self._received) < 9 + length:
                return
            kind, flags = self._received[3], self._received[4]
            stream = int.from_bytes(self._received[5:9], "big")
            payload = bytes(self._received[9 : 9 + length])
            del self._received[: 9 + length]
            self._answer(kind, flags, stream, payload)

    def _answer(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                setting, value = struct.unpack(">HI", payload[at : at + 6])
                if setting == 4:
                    self._windows[1] += value - self._first_window
                    self._first_window = value
            self._connection.sendall(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self._connection.sendall(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            self._windows[stream] = self._windows.get(stream, 0) + int.from_bytes(payload, "big")
        elif kind in (RST_STREAM, GOAWAY) or (kind == HEADERS and flags & END_STREAM):
            self.ended = True


def _string(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, length = len(data) - 127, b"\x7f"
    while rest >= 128:
        length += bytes([rest % 128 + 128])
        rest //= 128
    return length + bytes([rest]) + data
