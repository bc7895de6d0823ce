"""The axpair.toml that fits a folder, as text; what isn't certain stands in it as a comment."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from axpair_proto.text import printable

from axpair_host.config_file import MODEL_FILES, SHAPES, ModelDefaults
from axpair_host.first_steps.choosing import Choice
from axpair_host.first_steps.shapes import Open, proposed

_HEAD = """\
# What axpair's commands take where their options aren't given. Relative paths begin in this file's folder.
"""
_MOST_OPEN = 8
"""Candidates of one key."""
_BOARDS = """
# A board's name for --board:
# [boards.lab]
# url = "ssh://root@192.168.1.10"
"""


def document(lines: Iterable[str]) -> str:
    """A whole axpair.toml with these lines of [model]."""
    return f"{_HEAD}\n[model]\n" + "".join(f"{line}\n" for line in lines) + _BOARDS


def model_lines(choice: Choice, folder: Path, known: ModelDefaults | None = None) -> list[str]:
    """The lines of [model], without what is `known` already; paths are relative to `folder`."""
    lines: list[str] = []
    for key in MODEL_FILES:
        if known is not None and key in known.files:
            continue
        if key in choice.files:
            lines.append(_line(key, choice.files[key], folder))
        elif key in choice.undecided:
            lines += _open_lines(key, choice, folder)
    return [*lines, *_shape_lines(choice, known)]


def quoted(text: str) -> str:
    """A TOML string. Raises UnicodeEncodeError where the text isn't Unicode."""
    text.encode()
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _line(key: str, path: Path, folder: Path) -> str:
    written = os.path.relpath(path, folder)
    if written.startswith("~"):
        written = f"./{written}"
    try:
        return f"{key} = {quoted(Path(written).as_posix() if not written.startswith('./') else written)}"
    except UnicodeEncodeError:
        return f"# {key}: {printable(written)}: a name that isn't UTF-8 can't be written here; rename it"


def _open_lines(key: str, choice: Choice, folder: Path) -> list[str]:
    candidates, why = choice.undecided[key]
    lines = [_line(key, path, folder) for path in candidates[:_MOST_OPEN]]
    more = [f"# and {len(candidates) - _MOST_OPEN} more"] if len(candidates) > _MOST_OPEN else []
    return [f"# {key}: {printable(why)}", *(line if line.startswith("#") else f"# {line}" for line in lines), *more]


def _shape_lines(choice: Choice, known: ModelDefaults | None) -> Iterator[str]:
    there = known.shapes if known is not None else {}
    certain = {name: shape for name, shape in choice.shapes.items() if name not in there}
    if certain:
        pairs = ", ".join(f'{quoted(name)} = "{"x".join(map(str, shape))}"' for name, shape in certain.items())
        yield f"{SHAPES} = {{ {pairs} }}"
    left = {name: shape for name, shape in choice.open_shapes.items() if name not in there}
    for name, shape in left.items():
        unknown = [str(length) or "?" for length in proposed(shape) if not isinstance(length, int)]
        fill_in = f"; fill in {' and '.join(dict.fromkeys(unknown))}" if unknown else ""
        yield f"# {SHAPES}: the ONNX model leaves {printable(name)} open: {printable(_joined(shape) + fill_in)}"
    if left:
        pairs = ", ".join(f"{quoted(name)} = {quoted(_joined(proposed(shape)))}" for name, shape in left.items())
        yield f"# {SHAPES} = {{ {pairs} }}"


def _joined(shape: Open) -> str:
    return "x".join(str(length) or "?" for length in shape)
