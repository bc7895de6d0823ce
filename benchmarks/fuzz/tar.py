"""Calibration archives: of pictures and of .bin files, for a model of bytes and for one of floats."""

import io
import struct
import warnings
import zlib
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from axpair_proto.errors import AxpairError

from benchmarks.fuzz import small_models
from benchmarks.fuzz.archives import Member, archive, bomb, compressed
from benchmarks.fuzz.building import build_and_run
from benchmarks.fuzz.odd import FLOATS, STRINGS, damaged

BOMB_BYTES = (200 << 20, 300 << 20, 2 << 30)
_TURNED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
"""EXIF that says only: orientation 6."""
_FORMS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "ICO", "TGA", "PCX", "SGI", "DDS")
_MODES = ("RGB", "L", "RGBA", "P", "1", "CMYK", "LA", "I;16", "F", "YCbCr", "I")


class Tar:
    """One archive, taken by both models."""

    def __init__(self, folder: Path) -> None:
        self._rooms = [folder / name for name in ("bytes", "floats")]
        model = small_models.models()[0].SerializeToString()
        for room, config in zip(self._rooms, (small_models.CONFIG, small_models.FLOAT_CONFIG), strict=True):
            room.mkdir()
            (room / "m.onnx").write_bytes(model)
            (room / "c.prototxt").write_text(config)

    def mutant(self, random: Random) -> bytes:
        if random.random() < 0.0005:
            return bomb("0.png", random.choice(BOMB_BYTES))
        make = random.choice((_picture, _picture, _binary, _array))
        members = [make(index, random) for index in range(random.randint(0, 3))]
        while random.random() < 0.15:
            members.insert(random.randrange(len(members) + 1), _other(random))
        return compressed(archive(members, random), random, ("", "", "gz", "bz2", "xz"))

    def feed(self, data: bytes) -> None:
        refusals: list[AxpairError] = []
        for room in self._rooms:
            (room / "c.tar").write_bytes(data)
            try:
                build_and_run(room)
            except AxpairError as error:
                refusals.append(error)
        if len(refusals) == len(self._rooms):
            raise refusals[0]


def _picture(index: int, random: Random) -> Member:
    form, mode = random.choice((("PNG", "RGB"), (random.choice(_FORMS), random.choice(_MODES))))
    size = random.choice(((10, 12), (10, 12), (1, 1), (3, 40), (64, 64)))
    options: dict[str, Any] = {}
    if random.random() < 0.2:
        options["exif"] = b"Exif\0\0" + damaged(random, _TURNED)
    image = small_models.picture(random.randrange(100), "L" if mode in ("I;16", "1") else "RGB", size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow reads the damaged EXIF before it writes it
            data = small_models.encoded(image.convert(mode), form, **options)
    except (OSError, ValueError, KeyError, SyntaxError):  # a form that can't hold the mode, or such EXIF
        form, data = "PNG", small_models.encoded(image)
    if random.random() < 0.3:
        data = damaged(random, data)
    if form == "PNG" and random.random() < 0.1:
        sides = [random.choice((0, 1, 9_000, 10_001, 100_000, 2**31 - 1)) for _ in range(2)]
        data = _with_header(data, *sides)
    return f"{index}.{form.lower()}", data


def _with_header(data: bytes, width: int, height: int) -> bytes:
    """A PNG that claims another size."""
    chunk = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


def _binary(index: int, random: Random) -> Member:
    values = np.random.default_rng(index).standard_normal(small_models.SHAPE).astype(np.float32)
    if random.random() < 0.4:
        places = values.reshape(-1)
        with np.errstate(over="ignore"):
            places[: random.choice((1, places.size))] = np.float32(random.choice(FLOATS))
    data = values.tobytes() if random.random() < 0.8 else random.randbytes(random.choice((0, 1, 360, 1439, 1440)))
    return f"{index}.bin", data


def _array(index: int, random: Random) -> Member:
    shape = random.choice((small_models.SHAPE, (1, 12, 10, 3), (), (0,), (3, 12, 10)))
    kinds = ("f4", ">f4", "u1", "f8", "c8", "U3", "M8[s]", "?", "f2", "i8", "V4")
    kind = np.dtype(random.choice((*kinds, "f4", "f4", "u1")))
    stream = io.BytesIO()
    np.save(stream, np.zeros(shape, kind))
    data = stream.getvalue()
    if random.random() < 0.4:
        header = random.choice(
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999), }",
                "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
                "{'descr': [('a', '<f4', (2,))], 'fortran_order': True, 'shape': (1, 3, 12, 10), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1073741824,), }",
                "{" * 3000,
                "(" * 300 + ")" * 300,
                "__import__('os')",
                "{'descr': 'x\0', 'fortran_order': 0, 'shape': [1]}",
                "-" * 9000 + "1",
                "\udcff" if random.random() < 0.1 else "é",
            )
        ).encode("utf-8", "surrogateescape")
        data = b"\x93NUMPY" + random.choice((b"\1\0", b"\2\0", b"\3\0", b"\x09\0"))
        data += struct.pack("<H" if data[6] == 1 else "<I", len(header)) + header + bytes(1440)
    return f"{index}.npy", damaged(random, data) if random.random() < 0.3 else data


def _other(random: Random) -> Member:
    """What doesn't belong into an archive of samples."""
    names = ("readme.txt", "._0.png", ".DS_Store", "a/b/c/0.png", "inner.tar", *STRINGS)
    return random.choice(names)[:90], random.choice((b"", b"text", bytes(600), random.randbytes(700)))
