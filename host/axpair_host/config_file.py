r"""axpair.toml: names for boards, and how a post-processor's text is read; found upwards from the working directory.

[boards.lab]
url = "grpcs://ax620-3.lab:50051?ca=lab.pem"
token_file = "~/.config/axpair/lab.token"

[postprocess]
pattern = '(?P<label>\S+) with (?P<score>[0-9.]+)'
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_host.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

FILE_NAME = "axpair.toml"
_MAX_BYTES = 1 << 20
_MAX_TOKEN_BYTES = 4096


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
            with self.token_file.open("rb") as stream:
                text = stream.read(_MAX_TOKEN_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.token_file}: the token of board {self.name!r} can't be read: {error}") from error
        if not text or len(text.split()) != 1:
            raise UsageError(f"{self.token_file}: expected one line with the token of board {self.name!r}")
        return text


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


def post_pattern(start: Path) -> str | None:
    """How what a post-processor prints is read, as the nearest axpair.toml says; None where it says nothing.

    Raises UsageError on a malformed file.
    """
    path = find(start)
    table = _read(path).get("postprocess", {}) if path is not None else {}
    if not isinstance(table, dict) or not isinstance(table.get("pattern", ""), str):
        raise UsageError(f"{path}: [postprocess] must hold pattern = '...'")
    if unknown := sorted(set(table) - {"pattern"}):
        raise UsageError(f"{path}: [postprocess] has the unknown key {unknown[0]!r}; known: pattern")
    return table.get("pattern")


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{path}: larger than {_MAX_BYTES} bytes")
    try:
        document: dict[str, Any] = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    return document


def _board(path: Path, name: str, table: object) -> NamedBoard:
    where = f"{path}: [boards.{name}]"
    if not isinstance(table, dict) or not isinstance(table.get("url"), str):
        raise UsageError(f"{where} has no url", next_step='add url = "grpc://host:port" or another form of --board')
    if unknown := sorted(set(table) - {"url", "token_file"}):
        raise UsageError(f"{where} has the unknown key {unknown[0]!r}; known: url, token_file")
    token_file = table.get("token_file")
    if token_file is not None and not isinstance(token_file, str):
        raise UsageError(f"{where}: token_file must be a path in quotes")
    folder = path.parent
    return NamedBoard(name, table["url"], folder, folder / Path(token_file).expanduser() if token_file else None)
