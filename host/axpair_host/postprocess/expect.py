"""What the user expects, or saw: JSON text, or a file with JSON."""

import json
from pathlib import Path
from typing import Any

from axpair_host.errors import UsageError

_MAX_BYTES = 16 << 20


def parse_expect(text_or_file: str) -> Any:
    """The JSON value. Text that is JSON is taken as such, else it must name a file. Raises UsageError."""
    try:
        return _parse(text_or_file)
    except ValueError as not_json:
        path = Path(text_or_file)
        try:
            there = path.is_file()
        except (OSError, ValueError):
            there = False
        if not there:
            raise UsageError(
                f"{text_or_file!r} is neither JSON nor a file: {not_json}",
                next_step=f"for a text, quote it twice: '{json.dumps(text_or_file, ensure_ascii=False)}'",
            ) from not_json
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path}: larger than {_MAX_BYTES} bytes")
        return _parse(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path}: not JSON: {error}") from error


def _parse(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
