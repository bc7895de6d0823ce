"""Text pages whose orientation is known, because they are drawn here."""

import random

from PIL import Image, ImageDraw, ImageFont

SIDE = 224
"""Pixels; the model's own input, so that nothing is resized."""
_MARGIN, _TITLE, _TEXT = 14, 15, 10
_TALE = (
    "the board answers with what its memory held before and nobody asked whether that was this case or "
    "another one so we measure every layer compare each output write down what we saw and only then say "
    "where it arises model configuration calibration quantization compiler driver or the program around it"
)


def draw_page(seed: int) -> Image.Image:
    """Draw an upright page of printed text, SIDE x SIDE RGB; the same seed gives the same page."""
    chance = random.Random(seed)
    paper, ink = chance.randint(235, 252), chance.randint(15, 60)
    page = Image.new("RGB", (SIDE, SIDE), (paper, paper, paper - chance.randint(0, 8)))
    pen = ImageDraw.Draw(page)
    title, text = ImageFont.load_default(size=_TITLE), ImageFont.load_default(size=_TEXT)
    pen.text((_MARGIN, 10), " ".join(chance.choices(_TALE.split(), k=3)).capitalize(), font=title, fill=(ink, ink, ink))
    y = 10 + _TITLE + 10
    while y < SIDE - _MARGIN - _TEXT:
        if chance.random() < 0.12:
            y += _TEXT  # a paragraph ends
            continue
        pen.text((_MARGIN, y), _line(chance, pen, text), font=text, fill=(ink, ink, ink + 4))
        y += _TEXT + 4
    return page


def turn(page: Image.Image, clockwise: int) -> Image.Image:
    """Turn a page by 0, 90, 180 or 270 degrees clockwise; pixels move, none changes."""
    return page.rotate(-clockwise, expand=True)


def _line(chance: random.Random, pen: ImageDraw.ImageDraw, font: "ImageFont.FreeTypeFont | ImageFont.ImageFont") -> str:
    width = SIDE - 2 * _MARGIN if chance.random() < 0.8 else chance.randint(70, 160)
    line = ""
    while pen.textlength(longer := f"{line} {chance.choice(_TALE.split())}".strip(), font=font) <= width:
        line = longer
    return line
