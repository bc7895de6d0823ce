r"""axpair.toml: the files of one conversion, names for boards, and how a post-processor's text is read.

It is found upwards from the working directory; relative paths in it begin where it lies.

[model]
onnx = "m.onnx"
joint = "m.joint"
lava_joint = "m.lava_joint"
config = "output_config.prototxt"
input_shapes = { data = "1x3x480x640" }
gt = "gt"
golden = "golden"

[model.lines.y]
psnr = 30

[boards.lab]
url = "grpcs://ax620-3.lab:50051?ca=lab.pem"
token_file = "~/.config/axpair/lab.token"

[postprocess]
pattern = '(?P<label>\S+) with (?P<score>[0-9.]+)'
"""

import difflib
import os
import re
import stat
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axpair_proto import MIN_TOKEN_LETTERS
from axpair_proto.advice import calling
from axpair_proto.regular import read_regular

from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from axpair_host.compare.lines import Line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

FILE_NAME = "axpair.toml"
_MAX_BYTES = 1 << 20
_MAX_TOKEN_BYTES = 4096
TABLES = ("model", "boards", "postprocess")
MODEL_FILES = ("onnx", "joint", "lava_joint", "config", "gt", "golden")
"""Keys of [model] that name a file or folder."""
SHAPES = "input_shapes"
LINES = "lines"
SHAPE = re.compile(r"[0-9]+(x[0-9]+)*")


@dataclass(frozen=True)
class ModelDefaults:
    """The table [model]: what commands take where their options aren't given."""

    source: Path
    """The axpair.toml that says so."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """By key of MODEL_FILES; relative to the working directory where they lie in it. Nobody looked whether they are
    there."""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Input name to its lengths."""
    lines: "Mapping[tuple[str, str], Line]" = field(default_factory=dict)
    """What outputs have to reach, by output and metric."""


@dataclass(frozen=True)
class NamedBoard:
    """One table under [boards]."""

    name: str
    url: str
    folder: Path
    """Where axpair.toml lies: relative paths begin there."""
    token_file: Path | None = None

    def token(self) -> str:
        """The token file's only line; "" without one. Raises UsageError when the file can't be read."""
        if self.token_file is None:
            return ""
        try:
            text = read_regular(self.token_file, _MAX_TOKEN_BYTES).decode().strip()
            mode = self.token_file.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.token_file}: the token of board {self.name!r} can't be read: {error}") from error
        if os.name == "posix" and mode & 0o077:
            raise UsageError(
                f"{self.token_file}: others than its owner can read or change the token of board {self.name!r} "
                f"(mode {stat.S_IMODE(mode):o})",
                next_step=calling("chmod", "600", self.token_file),
            )
        if not text or len(text.split()) != 1:
            raise UsageError(f"{self.token_file}: expected one line with the token of board {self.name!r}")
        return checked_token(text, f"{self.token_file}: the token of board {self.name!r}")


def checked_token(token: str, which: str) -> str:
    """The token, which messages call `which`; "" is none. Raises UsageError where no agent takes it: too short, or
    with letters that can't be sent."""
    if not token.isascii() or not token.isprintable():
        raise UsageError(
            f"{which} has letters that no token has: only printable ones of ASCII, no line ends",
            next_step="tr -cd '!-~' < TOKEN-FILE prints what the agent's file holds without line ends and marks",
        )
    if 0 < len(token) < MIN_TOKEN_LETTERS:
        raise UsageError(
            f"{which} has {len(token)} letters, and an agent takes none below {MIN_TOKEN_LETTERS}",
            next_step="copy it whole from the agent's token file",
        )
    return token


def find(start: Path) -> Path | None:
    """The nearest axpair.toml in `start` or above it."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate / FILE_NAME
    return None


def named_boards(start: Path) -> Mapping[str, NamedBoard]:
    """The boards that the nearest axpair.toml names; none without one. Raises UsageError on a malformed file."""
    path = find(start)
    if path is None:
        return {}
    tables = _read(path).get("boards", {})
    if not isinstance(tables, dict):
        raise UsageError(f"{path}: 'boards' must be a table of tables", next_step='write [boards.NAME] and url = "..."')
    return {name: _board(path, name, table) for name, table in tables.items()}


def model_defaults(start: Path) -> ModelDefaults | None:
    """What [model] of the nearest axpair.toml names; None without one. Raises UsageError on a malformed file."""
    path = find(start)
    table = _read(path).get("model") if path is not None else None
    if path is None or table is None:
        return None
    if not isinstance(table, dict):
        raise UsageError(f"{path}: 'model' must be a table", next_step='write [model] and joint = "m.joint"')
    _refuse_unknown(f"{path}: [model] has the unknown key", table, (*MODEL_FILES, SHAPES, LINES))
    files = {key: _model_file(path, key, table[key]) for key in MODEL_FILES if key in table}
    return ModelDefaults(path, files, _shapes(path, table.get(SHAPES, {})), _lines(path, table.get(LINES, {})))


def check(path: Path) -> None:
    """Read every table of one axpair.toml. Raises UsageError on a malformed one."""
    named_boards(path.parent)
    model_defaults(path.parent)
    post_pattern(path.parent)


def post_pattern(start: Path) -> str | None:
    """How what a post-processor prints is read, as the nearest axpair.toml says; None where it says nothing.

    Raises UsageError on a malformed file.
    """
    path = find(start)
    table = _read(path).get("postprocess", {}) if path is not None else {}
    if not isinstance(table, dict) or not isinstance(table.get("pattern", ""), str):
        raise UsageError(f"{path}: [postprocess] must hold pattern = '...'")
    _refuse_unknown(f"{path}: [postprocess] has the unknown key", table, ("pattern",))
    return table.get("pattern")


def _read(path: Path) -> dict[str, Any]:
    try:
        data = read_regular(path, _MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{path}: larger than {_MAX_BYTES} bytes")
    try:
        document: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))  # editors of Windows write the mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    _refuse_unknown(f"{path}: has the unknown table", document, TABLES)
    return document


def _refuse_unknown(where: str, table: Iterable[str], known: Iterable[str]) -> None:
    for key in sorted(set(table) - set(known)):
        near = difflib.get_close_matches(key, known := list(known), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"{where} {key!r}; known: {', '.join(known)}{hint}")


def _model_file(path: Path, key: str, value: object) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise UsageError(
            f"{path}: [model] {key} must be a path in quotes, not {value!r}", next_step=f'write {key} = "PATH"'
        )
    try:
        # "./~x" is a file of that name.
        whole = path.parent / (Path(value).expanduser() if value.startswith("~") else Path(value))
    except RuntimeError as error:
        raise UsageError(f"{path}: [model] {key} = {value!r}: whose home folder that is isn't known") from error
    here = Path.cwd()
    return Path(os.path.relpath(whole, here)) if whole.is_relative_to(here) else whole


def _shapes(path: Path, table: object) -> dict[str, tuple[int, ...]]:
    if not isinstance(table, dict):
        raise UsageError(
            f"{path}: [model] {SHAPES} must be a table of names and shapes, not {table!r}",
            next_step=f'write {SHAPES} = {{ "NAME" = "1x3x480x640" }}',
        )
    found: dict[str, tuple[int, ...]] = {}
    for name, value in table.items():
        if not isinstance(value, str) or not SHAPE.fullmatch(value):
            raise UsageError(
                f"{path}: [model] {SHAPES}: the shape of {name!r} must be lengths in quotes, not {value!r}",
                next_step=f'write "{name}" = "1x3x480x640"',
            )
        found[name] = tuple(map(int, value.split("x")))
    return found


def _lines(path: Path, table: object) -> "dict[tuple[str, str], Line]":
    where = f"{path}: [model.{LINES}"
    next_step = f'write [model.{LINES}."OUTPUT"] and psnr = 30'
    if not isinstance(table, dict):
        raise UsageError(f"{where}] must be a table of outputs, not {table!r}", next_step=next_step)
    found = {}
    for output, measures in table.items():
        if not isinstance(measures, dict):
            raise UsageError(f"{where}]: {output!r} must be a table of measures, not {measures!r}", next_step=next_step)
        for metric, value in measures.items():
            from axpair_host.own_lines import line_of  # numpy; most files have no lines

            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UsageError(
                    f"{where}.{output}]: {metric} must be a number, not {value!r}", next_step=f"write {metric} = 30"
                )
            found[output, metric] = line_of(output, metric, float(value), f"{where}.{output}] {metric} = {value}")
    return found


def _board(path: Path, name: str, table: object) -> NamedBoard:
    where = f"{path}: [boards.{name}]"
    if not isinstance(table, dict) or not isinstance(table.get("url"), str):
        raise UsageError(f"{where} has no url", next_step='add url = "grpc://host:port" or another form of --board')
    _refuse_unknown(f"{where} has the unknown key", table, ("url", "token_file"))
    token_file = table.get("token_file")
    if token_file is not None and not isinstance(token_file, str):
        raise UsageError(f"{where}: token_file must be a path in quotes")
    folder = path.parent
    return NamedBoard(name, table["url"], folder, folder / Path(token_file).expanduser() if token_file else None)
