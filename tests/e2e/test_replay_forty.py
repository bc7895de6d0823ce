"""Forty cases on a real detector, killed three times: minutes long, so only under CI or where it is asked for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axpair_emulator.zoo import fetch
from axpair_proto.simulator import Models
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from replays import killed_three_times, replay, stable_rows

ASKED = "AXPAIR_LONG_TESTS"
pytestmark = pytest.mark.skipif(
    not (os.environ.get("CI") or os.environ.get(ASKED)), reason=f"takes minutes; runs where {ASKED} is set"
)

VARIANTS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "plain": lambda image: image,
    "flipped": ImageOps.mirror,
    "rotated": lambda image: image.rotate(20),
    "darkened": lambda image: ImageEnhance.Brightness(image).enhance(0.3),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
}


def write_forty(folder: Path) -> Path:
    """Two crops of each of four photos, each in five variants."""
    for name in ("astronaut", "chelsea", "china", "flower"):
        photo = Image.open(fetch(name)).convert("RGB")
        width, height = photo.size
        corners = {"upper": (0, 0, width * 3 // 4, height * 3 // 4), "lower": (width // 4, height // 4, width, height)}
        for corner, box in corners.items():
            (folder / name / corner).mkdir(parents=True)
            for variant, change in VARIANTS.items():
                change(photo.crop(box)).save(folder / name / corner / f"{variant}.png")
    return folder


@pytest.mark.timeout(1800)
def test_forty_cases_killed_three_times_have_the_rows_of_an_uninterrupted_run(
    centerface: Models, tmp_path: Path
) -> None:
    cases = write_forty(tmp_path / "cases")
    assert replay(cases, tmp_path / "whole", centerface).returncode in (0, 1)
    killed_three_times(cases, tmp_path / "killed", centerface, (3, 14, 31))
    whole = stable_rows(tmp_path / "whole")
    assert len(whole) == 40
    assert stable_rows(tmp_path / "killed") == whole
