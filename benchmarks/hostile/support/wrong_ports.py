"""Ports where no agent listens, and agents behind the wrong kind of port."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from itertools import repeat

from benchmarks.hostile.support.scenario import HELLO, QUICK, Scenario

Serve = Callable[[socket.socket], None]
_FRAME_SETTINGS = struct.pack(">I", 0)[1:] + bytes([4, 0]) + bytes(4)
_GO_AWAY = struct.pack(">I", 8 + 14)[1:] + bytes([7, 0]) + bytes(4) + struct.pack(">II", 0, 11) + b"too_many_pings"
_ENDLESS_HEADERS = struct.pack(">I", 1 << 14)[1:] + bytes([1, 0]) + struct.pack(">I", 1) + bytes(1 << 14)


def scenarios() -> Iterator[Scenario]:
    """One a port."""
    for number, (name, serve) in enumerate(_PORTS.items()):
        for scheme in ("grpc", "grpcs"):
            yield Scenario(
                f"{name} ({scheme})",
                ("pair", "replay", "info")[number % 3],
                port=_listening(serve),
                scheme=scheme,
                seconds=HELLO + QUICK,
            )
    yield Scenario("a plain agent where TLS is expected", "pair", lambda agent: None, scheme="grpcs")


def _silent(peer: socket.socket) -> None:
    while peer.recv(1 << 16):
        pass


def _closes(peer: socket.socket) -> None:
    peer.close()


def _resets(peer: socket.socket) -> None:
    peer.recv(1)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def _says(*pieces: bytes, then_silent: bool = True) -> Serve:
    def serve(peer: socket.socket) -> None:
        for piece in pieces:
            peer.sendall(piece)
        if then_silent:
            _silent(peer)

    return serve


def _for_ever(piece: bytes, first: bytes = b"") -> Serve:
    def serve(peer: socket.socket) -> None:
        peer.sendall(first)
        for each in repeat(piece):
            peer.sendall(each)

    return serve


_PORTS: dict[str, Serve] = {
    "silence": _silent,
    "closed at once": _closes,
    "reset after a byte": _resets,
    "the banner of ssh": _says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a page of HTTP/1": _says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", then_silent=False),
    "garbage": _says(bytes(range(256)) * 64),
    "garbage for ever": _for_ever(bytes(range(256)) * 256),
    "HTTP/2 that settles and then nothing": _says(_FRAME_SETTINGS),
    "HTTP/2 that goes away": _says(_FRAME_SETTINGS, _GO_AWAY),
    "HTTP/2 settings for ever": _for_ever(_FRAME_SETTINGS * 100),
    "HTTP/2 headers for ever": _for_ever(_ENDLESS_HEADERS, _FRAME_SETTINGS),
    "a TLS alert": _says(b"\x15\x03\x03\x00\x02\x02\x28"),
}


def _listening(serve: Serve) -> Callable[[], int]:
    def listen() -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_accept, args=(listener, serve), daemon=True).start()
        return int(listener.getsockname()[1])

    return listen


def _accept(listener: socket.socket, serve: Serve) -> None:
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=_served, args=(peer, serve), daemon=True).start()


def _served(peer: socket.socket, serve: Serve) -> None:
    with peer:
        try:
            serve(peer)
        except OSError:
            return
