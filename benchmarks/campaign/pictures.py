"""Pictures of the campaigns: crops of photos that no calibration set holds, in colour and in grey."""

from collections.abc import Iterator

import numpy as np
from axpair_emulator.zoo import fetch
from PIL import Image

from benchmarks.material import MODELS

PHOTOS = ("china", "flower", "chelsea", "astronaut")


def crops(name: str, count: int, seed: int = 1) -> Iterator[Image.Image]:
    """Pictures of the model's size, from photos or, for readers of text, from the scanned page tinted."""
    shape = next(iter(MODELS[name].shapes.values()))
    size = (shape[3], shape[2])
    random = np.random.default_rng(seed)
    for index in range(count):
        if MODELS[name].shows == "photo":
            photo = Image.open(fetch(PHOTOS[index % len(PHOTOS)])).convert("RGB")
            wide, tall = (int(side * random.uniform(0.6, 1.0)) for side in photo.size)
        else:
            photo = _tinted(Image.open(fetch("page")).convert("RGB"), random)
            wide, tall = (photo.width // 3, 20) if MODELS[name].shows == "line" else (191, 191)
        left = int(random.integers(photo.width - wide + 1))
        top = int(random.integers(photo.height - tall + 1))
        yield photo.crop((left, top, left + wide, top + tall)).resize(size)


def _tinted(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """Another colour for paper and for ink, so that the order of channels shows."""
    paper, ink = random.uniform(0.6, 1.0, 3), random.uniform(0.0, 60.0, 3)
    shade = np.asarray(picture, np.float64)
    return Image.fromarray(np.clip(ink + shade * paper, 0, 255).astype(np.uint8))
