"""Files to the joint's input bytes: images, raw .bin, .npy."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from axpair_proto.capabilities import Fitting
from axpair_proto.dtypes import size_bytes
from axpair_proto.regular import read_regular
from axpair_proto.simulator import PreparedInputs

from axpair_emulator.batch_files import batch_of
from axpair_emulator.color.encode import padded, semi_planar
from axpair_emulator.color.standards import swing_of
from axpair_emulator.config.build_config import YUV
from axpair_emulator.errors import InputError
from axpair_emulator.images import decode_image
from axpair_emulator.npy import read_npy
from axpair_emulator.program import Port

MAX_FILE_BYTES = 1 << 29
_DECODED = {"NV12": "RGB", "NV21": "RGB", "BGR0": "BGR"}
"""What an image is decoded to, before it becomes what cameras give."""


def prepare_files(
    ports: Sequence[Port],
    files: Mapping[str, Path | Sequence[Path]],
    *,
    dynamic: bool = False,
    fitting: Fitting = "stretch",
) -> PreparedInputs:
    """The bytes of every input from one file each, by input name; of a batch, also from one for each item.

    `fitting`: how pictures of another shape are brought to the input's.

    Several files make a batch of that many where it is `dynamic`. Raises InputError when a name is unknown or missing,
    or a file doesn't fit.
    """
    names = [port.name for port in ports]
    for name in files:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            raise InputError(
                f"the model has no input {name!r}; it has {', '.join(map(repr, names))}",
                next_step=f"did you mean --layer {close[0]}?" if close else "check --layer",
            )
    missing = [name for name in names if name not in files]
    if missing:
        raise InputError(
            f"no file for the input{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}: "
            f"the model has {len(names)}, {len(files)} given",
            next_step="repeat --input FILE --layer NAME for each",
        )
    data: dict[str, bytes] = {}
    notes: list[str] = []
    for port in ports:
        given = files[port.name]
        paths = (given,) if isinstance(given, Path) else given
        data[port.name], said = batch_of(port, paths, partial(_prepared, fitting), dynamic=dynamic)
        notes.extend(said)
    return PreparedInputs(data, tuple(notes))


def _prepared(fitting: Fitting, port: Port, path: Path) -> tuple[bytes, tuple[str, ...]]:
    return prepare_data(port, _read(path), str(path), fitting)


def prepare_data(port: Port, content: bytes, name: str, fitting: Fitting = "stretch") -> tuple[bytes, tuple[str, ...]]:
    """One input's bytes from a file's content, and notes; the name's suffix says what the content is.

    ".bin" is taken as it is, ".npy" must have the port's shape and dtype, anything else must be an image.
    """
    suffix = Path(name).suffix.lower()
    if suffix == ".bin":
        return _exact(port, content, name), ()
    if suffix == ".npy":
        return _array(port, content, name), ()
    return _image(port, content, name, fitting)


def _read(path: Path) -> bytes:
    try:
        data = read_regular(path, MAX_FILE_BYTES)
    except OSError as error:
        raise InputError(
            f"the input file {path} can't be read: {error.strerror or error}", next_step="check --input"
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise InputError(
            f"{path} has more than {MAX_FILE_BYTES} bytes, the most that an input file may have",
            next_step="give one frame, not a video or an archive",
        )
    return data


def _exact(port: Port, content: bytes, name: str) -> bytes:
    wanted = size_bytes(port.dtype, port.shape)
    if len(content) != wanted:
        raise InputError(
            f"{name} has {len(content)} bytes; input {port.name!r} takes {wanted} ({_shown(port)})",
            next_step="a .bin holds the joint's own input bytes; int64 ids become int32: array.astype('<i4').tofile(…)"
            if port.dtype == "int32"
            else "a .bin holds the joint's own input bytes; images are converted for you",
        )
    return content


def _array(port: Port, content: bytes, name: str) -> bytes:
    stored = read_npy(content, name)
    if port.dtype == "int32" and stored.dtype.kind in "iu" and stored.shape == port.shape:
        return _narrowed(port, stored.array(), name)
    if str(stored.dtype.newbyteorder("=")) != port.dtype or stored.shape != port.shape:
        raise InputError(
            f"{name} holds {stored.dtype} {'x'.join(map(str, stored.shape))}; input {port.name!r} takes {_shown(port)}",
            next_step=f"save an array of exactly that shape and dtype{_hint(port, stored.shape)}",
        )
    return np.ascontiguousarray(stored.array(), dtype=np.dtype(port.dtype).newbyteorder("<")).tobytes()


def _narrowed(port: Port, numbers: np.ndarray[Any, Any], name: str) -> bytes:
    """Whole numbers of any width as int32: ids come as int64 from most programs."""
    limits = np.iinfo(np.int32)
    if numbers.size and not limits.min <= int(numbers.min()) <= int(numbers.max()) <= limits.max:
        raise InputError(
            f"{name} holds {int(numbers.min())} to {int(numbers.max())}; input {port.name!r} takes int32",
            next_step="give ids that int32 can hold",
        )
    return numbers.astype("<i4").tobytes()


def _hint(port: Port, shape: tuple[int, ...]) -> str:
    if shape == port.shape[1:] and port.shape[0] == 1:
        return "; the batch axis is missing: array[None]"
    if len(port.shape) == 4 and tuple(port.shape[axis] for axis in (0, 3, 1, 2)) == shape:
        return "; yours is NCHW: array.transpose(0, 2, 3, 1)"
    return ""


def _image(port: Port, content: bytes, name: str, fitting: Fitting) -> tuple[bytes, tuple[str, ...]]:
    if not port.color_space or port.dtype not in ("uint8", "int16", "uint16"):
        raise InputError(
            f"input {port.name!r} takes {_shown(port)}, no image; {name} is none of .bin and .npy",
            next_step="give a .bin with the joint's input bytes, or a .npy of that shape and dtype",
        )
    nhwc = port.layout == "NHWC"
    batch, rows, width = port.shape[0], *(port.shape[1:3] if nhwc else port.shape[2:4])
    yuv = port.color_space in YUV
    height = rows * 2 // 3 if yuv else rows
    picture = decode_image(content, name, _DECODED.get(port.color_space, port.color_space), width, height, fitting)
    pixels = picture.pixels
    if yuv:
        pixels = semi_planar(pixels, swing_of(port.color_standard), v_first=port.color_space == "NV21")[:, :, None]
    elif port.color_space == "BGR0":
        pixels = padded(pixels)
    planes = np.ascontiguousarray(pixels if nhwc else pixels.transpose(2, 0, 1))
    notes = picture.notes
    if batch > 1:
        notes = (*notes, f"{name}: repeated {batch} times to fill the batch")
    return _elements(port, planes).tobytes() * batch, notes


def _elements(port: Port, pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Pixels as the port's elements: bytes as they are, wider ones times Q (the configuration keeps that in range)."""
    if port.dtype == "uint8":
        return pixels
    limits = np.iinfo(port.dtype)
    wide = np.clip(pixels.astype(np.int64) * (port.q or 1), limits.min, limits.max)
    elements: np.ndarray[Any, Any] = wide.astype(np.dtype(port.dtype).newbyteorder("<"))
    return elements


def _shown(port: Port) -> str:
    words = (port.dtype, "x".join(map(str, port.shape)), port.layout, port.color_space)
    return " ".join(filter(None, words))
