"""Lays out the files of one story."""

import importlib
import sys
from pathlib import Path

STORIES = ("layout", "boxes", "mean")
"""Each a module here with `lay_out(folder)`, and a page of the same name."""


def main(arguments: list[str]) -> int:
    """Write the files of the story named first into the folder named second, which is made; 2 on bad usage."""
    if len(arguments) != 2 or arguments[0] not in STORIES:
        print(f"usage: python -m docs.stories {'|'.join(STORIES)} FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    importlib.import_module(f"docs.stories.{arguments[0]}").lay_out(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
