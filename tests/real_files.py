"""Files that other people published: beside the checkout, never in it. Without them their tests are skipped."""

import os
from pathlib import Path

import pytest

VARIABLE = "AXPAIR_REAL_FILES"
ROOT = Path(os.environ.get(VARIABLE) or Path(__file__).parents[2] / "shared" / "data")


def real_file(path: str) -> Path:
    """A file or folder of theirs, by its path in that folder; the calling test is skipped where it is missing."""
    found = ROOT / path
    if not found.exists():
        pytest.skip(f"{path} isn't in {ROOT}; {VARIABLE} says where published files lie")
    return found
