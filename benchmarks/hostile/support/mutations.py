"""Damage to evidence: to bytes, to documents, to names, to archives, and links and pipes in the place of files."""

import contextlib
import io
import json
import os
import pickle
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SECRET = "secret.bin"
ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\n"
LONG = 100_000

NASTY: tuple[Any, ...] = (
    *(None, True, "", "x" * LONG, ESCAPE, "\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")),
    *("../../outside/secret", "/etc/passwd", ".", "..", "con", "a/../../outside/secret.bin", "\\\\host\\share"),
    *(-1, 0, 2**31, 2**63 - 1, 2**64 - 1, 2**64, 10**400, 1e308, -1e-320, 0.5),
    *([], {}, [[]], {"": {}}, [2**31, 2**31], [0], [-1], [1] * 5000, "1e999", "uint8", "object", "board", "probe"),
)


def nasty_text(random_: random.Random) -> str:
    """A value as JSON has it, some of which no Python value makes."""
    raw = ("NaN", "1e999", "-0", "[" * LONG, '"\\ud800"', '{"a":1,"a":2}', "9" * 5000, '"\\u0000"', "'x'")
    return random_.choice(raw) if random_.random() < 0.15 else json.dumps(random_.choice(NASTY))


def mutate_json(data: bytes, random_: random.Random) -> bytes:
    """Change, take out or double one to three values of a document, wherever they are."""
    document = json.loads(data)
    marks: dict[str, str] = {}
    for number in range(random_.randint(1, 3)):
        places = list(_places(document))
        holder, key = random_.choice(places)
        deed = random_.random()
        if deed < 0.2:
            del holder[key]
            if not list(_places(document)):
                break
        elif deed < 0.3 and isinstance(holder, list):
            holder.extend([holder[key]] * random_.choice((1, 3, 500)))
        elif deed < 0.4 and isinstance(holder, dict):
            holder[random_.choice(("x" * LONG, ESCAPE, "../../outside/secret.bin", "", "/etc/passwd"))] = holder[key]
        else:
            mark = f"@@{number}@@"
            marks[mark] = nasty_text(random_)
            holder[key] = mark
    text = json.dumps(document, ensure_ascii=False)
    for mark, raw in marks.items():
        text = text.replace(f'"{mark}"', raw, 1)
    return text.encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from _places(inner)


def mutate_bytes(data: bytes, random_: random.Random) -> bytes:
    """Cut, lengthen, flip or replace."""
    deeds: tuple[Callable[[], bytes], ...] = (
        lambda: b"",
        lambda: data[: random_.randrange(max(1, len(data)))],
        lambda: data + random_.randbytes(random_.choice((1, 100, 70_000))),
        lambda: random_.randbytes(random_.choice((1, 16, 4096))),
        lambda: bytes(len(data)),
        lambda: data * 2,
        lambda: _flipped(data, random_),
        lambda: _flipped(data, random_),
        lambda: _flipped(data[:128], random_) + data[128:],
    )
    return random_.choice(deeds)()


def _flipped(data: bytes, random_: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random_.choice((1, 1, 4, 40))):
        if changed:
            changed[random_.randrange(len(changed))] ^= 1 << random_.randrange(8)
    return bytes(changed)


class Trap:
    """Unpickling it makes a folder: nobody may."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


def odd_npy(random_: random.Random) -> bytes:
    """An .npy whose header promises something else than follows, or holds what a tensor never does."""
    kind = random_.randrange(8)
    if kind == 0:
        stream = io.BytesIO()
        np.lib.format.write_array(stream, np.array([Trap()], dtype=object), allow_pickle=True)
        return stream.getvalue()
    if kind == 1:
        return b"\x93NUMPY\x01\x00\x06\x00{'a':\n" + pickle.dumps(Trap())
    descriptions = (
        "'<f4'",
        "'|O'",
        "'<U9'",
        "'V8'",
        "'<M8[ns]'",
        "[('a','<f4')]",
        "'>f8'",
        "'<c16'",
        "'<f4'*9",
        "'|b1'",
    )
    shapes = ("(4294967296,)", "(-1,)", "(0,)", "()", "(1,4,12,10)", "(65536,65536,65536)", "(3,)", "(1.5,)", "'x'")
    text = f"{{'descr': {random_.choice(descriptions)}, 'fortran_order': {random_.choice(('False', 'True', '7'))}, "
    text += f"'shape': {random_.choice(shapes)}, }}"
    if kind == 2:
        text = "(" * 5000 + text
    header = text.encode() + b" " * random_.choice((0, 10, 60_000)) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", min(len(header), 65535)) + header + random_.randbytes(64)


ODD_NAMES = (
    *("..npy", "...bin", ".npy", ".bin", "a\x1b[2J.npy", "a\nb.bin", "\u202egpj.npy", "x" * 240 + ".npy", "-rf.bin"),
    *("con.npy", "a:b.bin", "y.npy.npy", "Y.bin", "filename.txt", "p.npz", "\udcd5\udcfd.npy", "\x9b31m.bin"),
)


def put_in_place(path: Path, outside: Path, random_: random.Random) -> str:
    """Put a link, a pipe or a folder where a file or folder is, or odd files beside it; says which."""
    ways: dict[str, Callable[[], None]] = {
        "link out": lambda: _instead(path, lambda: path.symlink_to(outside / SECRET)),
        "link to a folder outside": lambda: _instead(path, lambda: path.symlink_to(outside)),
        "link to itself": lambda: _instead(path, lambda: path.symlink_to(path.name)),
        "link to nothing": lambda: _instead(path, lambda: path.symlink_to(outside / "nothing")),
        "link to zeros": lambda: _instead(path, lambda: path.symlink_to("/dev/zero")),
        "pipe": lambda: _instead(path, lambda: os.mkfifo(path)),
        "folder": lambda: _instead(path, path.mkdir),
        "nothing": lambda: _instead(path, lambda: None),
        "odd name": lambda: _odd_name(path, random_),
        "odd pipe": lambda: os.mkfifo(path.with_name("pipe.npy")),
        "deep": lambda: path.parent.joinpath(*["d"] * 60).mkdir(parents=True),
        "many": lambda: _many(path.with_name("many")),
    }
    way = random_.choice(list(ways))
    with contextlib.suppress(OSError):  # a name that this file system doesn't take
        ways[way]()
    return way


def _instead(path: Path, make: Callable[[], None]) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(f"{path.name}-was"))
    else:
        path.unlink(missing_ok=True)
    make()


def _odd_name(path: Path, random_: random.Random) -> None:
    name = random_.choice(ODD_NAMES)
    target = path.with_name(name)
    if path.is_file() and random_.random() < 0.5:
        path.rename(target)
    else:
        target.write_bytes(odd_npy(random_))


def _many(folder: Path) -> None:
    folder.mkdir()
    for number in range(300):
        (folder / f"{number}.npy").touch()


def odd_archive(folder: Path, path: Path, random_: random.Random) -> Path:
    """The folder's tensors as .tar, .tar.gz or .zip, with members that no honest one has; returns its path."""
    files = sorted(one for one in folder.rglob("*") if one.is_file())[:12]
    names = [
        "../up.npy",
        "/abs.npy",
        "a\x1b[2J.npy",
        "x" * LONG + ".npy",
        "..npy",
        "a/../../up.bin",
        "\u202e.bin",
        "C:x.npy",
    ]
    if random_.random() < 0.5:
        whole = path.with_suffix(".zip")
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in files:
                archive.write(one, str(one.relative_to(folder)))
            if random_.random() < 0.6:
                archive.writestr(random_.choice([*names[:3], *names[4:]]), odd_npy(random_))
            if random_.random() < 0.2:
                archive.writestr("zeros.bin", bytes(50 << 20))
    else:
        whole = path.with_suffix(random_.choice((".tar", ".tar.gz")))
        with tarfile.open(whole, "w:gz" if whole.suffix == ".gz" else "w") as archive:
            for one in files:
                archive.add(one, str(one.relative_to(folder)))
            member = tarfile.TarInfo(random_.choice(names))
            member.type = random_.choice(
                (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)
            )
            member.linkname = "../../outside/secret.bin"
            archive.addfile(member)
    if random_.random() < 0.5:
        whole.write_bytes(mutate_bytes(whole.read_bytes(), random_))
    return whole
