"""The flag --input-shape, which is the emulator's own."""

from __future__ import annotations

import re

_SHAPE = re.compile(r"(?P<name>.+):(?P<shape>[0-9]+(?:[xX,][0-9]+)*)")


def parse_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """NAME:1x3x480x640 as name and lengths. The name may hold colons. Raises ValueError on anything else."""
    found = _SHAPE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not of the form NAME:1x3x480x640")
    return found["name"], tuple(int(length) for length in re.split("[xX,]", found["shape"]))
