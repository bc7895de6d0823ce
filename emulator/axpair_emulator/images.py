"""Image files to arrays in a given colour space and size. Whatever had to be done to them is said."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from axpair_proto.capabilities import Fitting
from PIL import Image, ImageOps, UnidentifiedImageError

from axpair_emulator.errors import InputError

MAX_PIXELS = 100_000_000
_PLAIN = {"RGB", "L"}
_BAR: Mapping[str, int | tuple[int, int, int]] = {"L": 114, "RGB": (114, 114, 114)}
"""The gray of the bars beside a letterboxed picture, as detectors are trained with."""
_WORDS = {"letterbox": "the whole picture between gray bars (114)", "crop": "cut to the middle"}
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Picture:
    """A decoded image."""

    pixels: np.ndarray[Any, np.dtype[np.uint8]]
    """Height, width, channels; channels in the order of the colour space asked for."""
    notes: tuple[str, ...]
    """What was done beyond decoding, such as a resize with both sizes."""


def decode_image(data: bytes, name: str, color: str, width: int, height: int, fitting: Fitting = "stretch") -> Picture:
    """Decodes an image, turns it upright by its EXIF orientation, converts its colours and resizes it bilinearly.

    `color` is "BGR", "RGB" or "GRAY"; `fitting`: how another shape is brought to this one.
    Alpha is dropped, palettes are expanded, 16-bit grey keeps its high byte, of several pictures the first counts.
    Raises InputError when the data is no image, is cut off, has more than 100 million pixels, or more than 16 bits a
    value: their range isn't known.
    """
    notes: list[str] = []
    image = _open(data, name)
    _refuse_wide(image, name)
    if (pictures := _pictures(image)) > 1:
        notes.append(f"{name}: the first of {pictures} pictures in it")
    image = _upright(image, name, notes)
    image = _plain(image, name, notes)
    image = image.convert("L" if color == "GRAY" else "RGB")
    if image.size != (width, height):
        how = "" if fitting == "stretch" else f", {_WORDS[fitting]}"
        notes.append(
            f"{name}: resized bilinearly from {image.width}x{image.height} to {width}x{height} (width x height){how}"
        )
        image = _fitted(image, width, height, fitting)
    pixels = np.asarray(image, dtype=np.uint8).reshape(height, width, -1)
    if color == "BGR":
        pixels = pixels[:, :, ::-1]
    return Picture(np.ascontiguousarray(pixels), tuple(notes))


def _fitted(image: Image.Image, width: int, height: int, fitting: Fitting) -> Image.Image:
    if fitting == "letterbox":
        return ImageOps.pad(image, (width, height), Image.Resampling.BILINEAR, color=_BAR[image.mode])
    if fitting == "crop":
        return ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    return image.resize((width, height), Image.Resampling.BILINEAR)


def _open(data: bytes, name: str) -> Image.Image:
    if not data:
        raise InputError(f"{name} is empty", next_step="give an image, a .bin or a .npy file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image: Image.Image = Image.open(io.BytesIO(data))
            pixels = image.width * image.height
            if pixels > MAX_PIXELS:
                raise InputError(
                    f"{name} has {image.width}x{image.height} pixels; at most {MAX_PIXELS} are decoded",
                    next_step="scale the image down first",
                )
            image.load()
    except UnidentifiedImageError as error:
        raise InputError(
            f"{name} ({len(data)} bytes) is not an image that can be read",
            next_step="give a JPEG, PNG, BMP or the like; raw bytes need the suffix .bin, arrays .npy",
        ) from error
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"{name} has too many pixels: {error}", next_step="scale the image down first") from error
    except Exception as error:  # Pillow's decoders raise anything on damaged files
        raise InputError(
            f"{name} ({len(data)} bytes) is a damaged image: {error}", next_step="copy the file again"
        ) from error
    return image


def _refuse_wide(image: Image.Image, name: str) -> None:
    """16-bit grey comes as "I" too, from formats that have no wider values."""
    if image.mode == "F" or (image.mode == "I" and image.format not in ("PNG", "PPM", "JPEG2000")):
        kind = "floats" if image.mode == "F" else "integers"
        raise InputError(
            f"{name} is a picture of 32-bit {kind}, and which of their values is white isn't known",
            next_step="save it with 8 or 16 bits a value, or give the input's own values as .npy",
        )


def _pictures(image: Image.Image) -> int:
    """Pages of a TIFF, frames of an animation; 1 where they can't be counted, and of the pictures of cameras, which
    put a preview behind."""
    if image.format == "MPO":
        return 1
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # Pillow raises anything on damaged files
        return 1


def _upright(image: Image.Image, name: str, notes: list[str]) -> Image.Image:
    """The image turned as its EXIF orientation says; as it is where that can't be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if image.getexif().get(_ORIENTATION, 1) in (0, 1):
                return image
            turned: Image.Image = ImageOps.exif_transpose(image)
    except Exception:  # Pillow raises anything on damaged EXIF
        notes.append(f"{name}: its EXIF is damaged, so that its orientation isn't known; taken as upright")
        return image
    notes.append(f"{name}: turned upright as its EXIF orientation says")
    return turned


def _plain(image: Image.Image, name: str, notes: list[str]) -> Image.Image:
    """The image as RGB or L, with notes on what a model trained on photos may not expect."""
    if image.mode in _PLAIN:
        return image
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        notes.append(f"{name}: alpha channel dropped")
    if image.mode.startswith("I"):
        notes.append(f"{name}: 16-bit grey reduced to its high byte")
        wide = np.asarray(image).astype(np.int64)
        return Image.fromarray((np.clip(wide, 0, 0xFFFF) >> 8).astype(np.uint8))
    if image.mode == "1" or image.mode.startswith("L"):
        return image.convert("L")
    if image.mode not in ("P", "PA", "RGBA", "RGBa"):
        notes.append(f"{name}: converted from {image.mode} to RGB")
    return image.convert("RGBA").convert("RGB") if image.mode == "P" else image.convert("RGB")
