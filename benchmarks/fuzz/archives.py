"""Tar archives whose headers lie: sizes, kinds of members, names, extensions; cut, compressed, or bombs."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Sequence
from random import Random
from typing import Literal

from benchmarks.fuzz.odd import STRINGS, damaged

BLOCK = 512
Member = tuple[str, bytes]
Form = Literal[0, 1, 2]
_TYPES = tuple(bytes([code]) for code in b"0123456789LKSxgXNMVDA\0")
_PAX = (
    *(("size", value) for value in ("-1", "0", "99999999999999999999", "1e3", "x", "3")),
    *(("path", value) for value in ("../up.png", "\0", "é.png", ".png", "x" * 3000)),
    *(("mtime", "nan"), ("mtime", "1e999"), ("uid", "-5"), ("hdrcharset", "BINARY"), ("linkpath", "/etc/passwd")),
    *(("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "99999999999")),
    *(("GNU.sparse.map", "0,1,5,9999999999"), ("GNU.sparse.size", "9999999999"), ("GNU.sparse.numblocks", "3")),
)


def archive(members: Sequence[Member], random: Random) -> bytes:
    """A tar of the members, or nearly: some of its headers lie."""
    form: Form = random.choice((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT))
    lying = random.random() < 0.6
    blocks = []
    for name, data in members:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        header = info.tobuf(form)
        if lying and random.random() < 0.4:
            header, data = _lie(info, data, form, random)
        blocks.append(header + data + bytes(-len(data) % BLOCK))
    whole = b"".join(blocks) + bytes(random.choice((0, BLOCK, 2 * BLOCK, 20 * BLOCK)))
    choice = random.random()
    if choice < 0.1:
        return whole[: random.randrange(len(whole) + 1)]
    return damaged(random, whole) if choice < 0.2 else whole


def _lie(info: tarfile.TarInfo, data: bytes, form: Form, random: Random) -> tuple[bytes, bytes]:
    what = random.randrange(6)
    if what == 0:
        info.size = random.choice((0, 1, len(data) + 1, len(data) + BLOCK, 1 << 28, (1 << 28) + 1, 8**11 - 1))
    elif what == 1:
        info.type = random.choice(_TYPES)
        info.linkname = random.choice(("/etc/passwd", "../../x", info.name, "nowhere", "0.png"))
    elif what == 2:
        info.name = random.choice(STRINGS)[:200]
    elif what == 3:
        info.pax_headers = dict(random.sample(_PAX, random.randint(1, 3)))
        form = tarfile.PAX_FORMAT
    try:
        header = info.tobuf(form, "utf-8", "surrogateescape")
    except ValueError:  # what the format can't say
        header = tarfile.TarInfo("x").tobuf()
    if what == 4:
        return _patched(header, random), data
    if what == 5:
        return header[:-BLOCK] + _base256(header[-BLOCK:], random.choice((-1, -512, 1 << 40, 1 << 62, 1 << 90))), data
    return header, data


def _patched(header: bytes, random: Random) -> bytes:
    """A header with a few other bytes and a checksum that is right again."""
    block = bytearray(header[-BLOCK:])
    for _ in range(random.randint(1, 3)):
        block[random.randrange(BLOCK)] = random.choice((0, 32, 48, 55, 57, 127, 128, 255))
    return header[:-BLOCK] + _summed(block)


def _base256(block: bytes, size: int) -> bytes:
    """GNU's form of sizes that octal digits can't say."""
    patched = bytearray(block)
    patched[124:136] = b"\xff" * 12 if size < 0 else bytes([128]) + (size % (1 << 88)).to_bytes(11, "big")
    return _summed(patched)


def _summed(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def compressed(data: bytes, random: Random, forms: Sequence[str]) -> bytes:
    """The archive in one of the forms "", "gz", "bz2" and "xz", sometimes cut, damaged, doubled or with a tail."""
    form = random.choice(forms)
    packed = {
        "": lambda: data,
        "gz": lambda: gzip.compress(data, 1, mtime=0),
        "bz2": lambda: bz2.compress(data, 1),
        "xz": lambda: lzma.compress(data, preset=0),
    }[form]()
    tails = {1: lambda: packed[: random.randrange(len(packed) + 1)], 2: lambda: damaged(random, packed)}
    tails |= {3: lambda: packed + random.randbytes(600), 4: lambda: packed * 2, 5: lambda: packed + gzip.compress(b"")}
    made: bytes = tails.get(random.randrange(16), lambda: packed)()
    return made


def bomb(name: str, size: int) -> bytes:
    """A small gzip that unpacks to an archive with a member of so many zeros."""
    part = 1 << 22
    info = tarfile.TarInfo(name)
    info.size = size
    stream = io.BytesIO()
    stream.write(gzip.compress(info.tobuf(tarfile.GNU_FORMAT), mtime=0))
    stream.write(gzip.compress(bytes(part), mtime=0) * (size // part))
    return stream.getvalue()
