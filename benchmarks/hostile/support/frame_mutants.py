"""Frames of the worker's protocol that make no sense, or barely; framed rightly or not. Standard library only."""

import copy
import json
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

DIGEST = "0" * 64
OUTPUT_BYTES = 40
_REPEATED = 50_000
"""Longer lists, in bytes as JSON, aren't repeated: that alone would take the memory that a reader is watched for."""
INPUT_BYTES = 8
HAVE, PUT, LOAD, RUN, CLOSE, HELLO, NO_RUNTIME, HELD, LOADED, ROUND, FAULT = 1, 2, 3, 4, 5, 16, 17, 18, 19, 20, 21
DESCRIPTION = {
    "inputs": [{"name": "in", "dtype": "uint8", "shape": [1, INPUT_BYTES], "size_bytes": INPUT_BYTES}],
    "outputs": [{"name": "out", "dtype": "uint8", "shape": [1, OUTPUT_BYTES], "size_bytes": OUTPUT_BYTES}],
    "tools_version": "1",
}


class Sent(NamedTuple):
    """A frame before it is packed."""

    kind: int
    header: Mapping[str, Any]
    payload: bytes = b""


def answers(nonce: str = "a-0", number: int = 0) -> list[Sent]:
    """One of each kind that a worker sends, as it should be."""
    output = {"sha256": DIGEST, "size_bytes": OUTPUT_BYTES, "poisoned": True, "survivors": [[0, 16], [20, 20]]}
    times = {"run_us": 5, "worker_us": 7}
    rounds = {"delivered": [{"sha256": DIGEST, "size_bytes": INPUT_BYTES}], "outputs": [output], "seed": "00", **times}
    loaded = {"description": DESCRIPTION, "sha256": DIGEST, "load_us": 3, "versions": {"chip": "none"}}
    return [
        Sent(HELLO, {"protocol": 3, "runtime": "small", "versions": {"python": "3"}, "pid": 7}),
        Sent(NO_RUNTIME, {"message": "none", "bad_option": False}),
        Sent(HELD, {"nonce": nonce, "held": True}),
        Sent(LOADED, {"nonce": nonce, **loaded}),
        Sent(ROUND, {"nonce": nonce, "round": number, **rounds}, bytes(OUTPUT_BYTES)),
        Sent(FAULT, {"nonce": nonce, "round": number, "kind": "ERROR", "message": "no", "code": 3}),
    ]


def requests(model: str) -> list[Sent]:
    """One of each kind that an agent sends, as it should be; `model` is a file."""
    asked = {"nonce": "a", "deadline_ms": 20_000}
    one = bytes(INPUT_BYTES)
    return [
        Sent(HAVE, {**asked, "sha256": DIGEST}),
        Sent(PUT, {**asked, "sha256": DIGEST, "offset": 0, "size": 4}, b"data"),
        Sent(LOAD, {**asked, "path": model}),
        Sent(RUN, {**asked, "rounds": ["case"], "sizes": [INPUT_BYTES]}, one),
        Sent(
            RUN,
            {**asked, "rounds": ["before", "case"], "sizes": [INPUT_BYTES], "before_sizes": [INPUT_BYTES]},
            one * 2,
        ),
        Sent(CLOSE, {}),
    ]


def packed(
    protocol: int, kind: int, header: bytes, payload: bytes = b"", lengths: tuple[int, int] | None = None
) -> bytes:
    """A frame with right checksums; `lengths` are those that it claims instead of its own."""
    claimed = lengths or (len(header), len(payload))
    crc = zlib.crc32(payload, zlib.crc32(header))
    prefix = struct.pack("<4sBBHIQII", b"AXPW", protocol, kind, 0, *claimed, crc, 0)
    return prefix + struct.pack("<I", zlib.crc32(prefix)) + header + payload


def written(header: object) -> bytes:
    """As JSON; also what JSON doesn't know."""
    return json.dumps(header, separators=(",", ":")).encode("utf-8", "surrogatepass")


def valid(protocol: int, sent: Sent) -> bytes:
    """A frame as it should be."""
    return packed(protocol, sent.kind, written(sent.header), sent.payload)


def mutant(rng: random.Random, protocol: int, frames: list[Sent]) -> bytes:
    """One frame that is wrong in some way, most of them rightly framed."""
    sent = rng.choice(frames)
    if rng.random() < 0.75:
        return packed(protocol, sent.kind, written(strange(rng, sent.header)), _strange_payload(rng, sent.payload))
    return rng.choice(_RAW)(rng, protocol, sent)


def harmless(rng: random.Random, protocol: int, sent: Sent) -> bytes:
    """A changed frame that still makes sense: more keys, larger numbers."""
    header: dict[str, Any] = {**copy.deepcopy(dict(sent.header)), f"later{rng.randrange(9)}": rng.choice(_ODD)}
    for key in ("run_us", "worker_us", "load_us"):
        if key in header:
            header[key] = rng.choice((0, 1, (1 << 63) - 1))
    return packed(protocol, sent.kind, written(header), sent.payload)


def strange(rng: random.Random, header: Mapping[str, Any]) -> Any:
    """A header with one to three of its values changed, gone or doubled."""
    changed: Any = copy.deepcopy(dict(header))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(changed))
        if not places:
            return rng.choice(_ODD)
        holder, key = rng.choice(places)
        how = rng.random()
        if how < 0.2:
            del holder[key]
        elif how < 0.3 and isinstance(holder, list) and len(written(holder)) <= _REPEATED:
            holder.extend(copy.deepcopy(holder[key]) for _ in range(rng.choice((1, 2, 50))))
        elif how < 0.4 and isinstance(holder[key], int):
            holder[key] += rng.choice((-1, 1, 1 << 32, -(1 << 40)))
        else:
            holder[key] = copy.deepcopy(rng.choice(_LARGE if rng.random() < 0.001 else _ODD))
    return changed


def _places(document: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    keys = document.keys() if isinstance(document, dict) else range(len(document))
    for key in keys:
        found.append((document, key))
        if isinstance(document[key], dict | list):
            found += _places(document[key])
    return found


def _strange_payload(rng: random.Random, payload: bytes) -> bytes:
    return payload if rng.random() < 0.9 else rng.choice((b"", payload[:-1], payload + b"\0", rng.randbytes(300)))


def _flipped(rng: random.Random, protocol: int, sent: Sent) -> bytes:
    raw = bytearray(valid(protocol, sent))
    for _ in range(rng.choice((1, 1, 2, 8))):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def _cut(rng: random.Random, protocol: int, sent: Sent) -> bytes:
    raw = valid(protocol, sent)
    return raw[: rng.randrange(1, len(raw))]


def _noise(rng: random.Random, protocol: int, sent: Sent) -> bytes:
    return rng.randbytes(rng.choice((1, 31, 32, 33, 200, 5000)))


def _junk_header(rng: random.Random, protocol: int, sent: Sent) -> bytes:
    header = written(sent.header)
    at = rng.randrange(len(header))
    junk = rng.choice((rng.randbytes(3), b"\xff\xfe", b"NaN", b"1e999", b"[" * 2000, b'"', b"9" * 6000, b"\0"))
    return packed(protocol, sent.kind, header[:at] + junk + header[at + rng.randrange(4) :], sent.payload)


def _nested(rng: random.Random, protocol: int, sent: Sent) -> bytes:
    depth = rng.choice((20, 900, 1100, 5000))
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    deep = opening * depth + b"1" + closing * depth
    key = rng.choice([*sent.header, "later"]).encode()
    header = written(sent.header)[:-1]
    return packed(protocol, sent.kind, header + b',"' + key + b'":' + deep + b"}", sent.payload)


def _claims(rng: random.Random, protocol: int, sent: Sent) -> bytes:
    header = written(sent.header)
    sizes = (0, 1, len(header) + 1, 1 << 20, (1 << 23) + 1, (1 << 32) - 1)
    most = (0, len(sent.payload) + 1, 1 << 20, (1 << 30) + 1, 1 << 40, (1 << 64) - 1)
    return packed(protocol, sent.kind, header, sent.payload, (rng.choice(sizes), rng.choice(most)))


def _other_kind(rng: random.Random, protocol: int, sent: Sent) -> bytes:
    return packed(protocol, rng.randrange(256), written(sent.header), sent.payload)


def _other_protocol(rng: random.Random, protocol: int, sent: Sent) -> bytes:
    return packed(rng.randrange(256), sent.kind, written(sent.header), sent.payload)


_RAW: tuple[Callable[[random.Random, int, Sent], bytes], ...] = (
    _flipped,
    _cut,
    _noise,
    _junk_header,
    _nested,
    _claims,
    _other_kind,
    _other_protocol,
)
_ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    -1,
    0,
    1,
    16,
    40,
    1 << 31,
    1 << 32,
    (1 << 63) - 1,
    1 << 63,
    1 << 64,
    10**30,
    -(1 << 63) - 1,
    0.5,
    1e300,
    float("nan"),
    float("inf"),
    "",
    "x",
    "\0",
    "\ud800",
    "\udc80x",
    "../../x",
    "\x1eaxpair a-0\x1e\n",
    "x" * 5000,
    "f" * 64,
    [],
    {},
    [[]],
    [0, 16],
    [[0, 16]],
    [{}],
    {"a": []},
    ["case"],
    "ERROR",
)
_LARGE: tuple[Any, ...] = (
    "y" * 400_000,
    list(range(100_000)),
    [[0, 1] for _ in range(50_000)],
    [{} for _ in range(50_000)],
    {"k": ["z"] * 90_000},
)
