"""What the user expects, or saw: JSON, a bare label, a file, or F."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_proto.regular import read_regular
from axpair_proto.text import decoded

from axpair_host.errors import PostprocessError, UsageError
from axpair_host.postprocess.decisions import as_json
from axpair_host.postprocess.text import Unmatched, Unreadable, read_text

FLOAT = "F"
"""As --expect: what the post-processor makes of the float outputs."""


@dataclass(frozen=True)
class Expected:
    """What --expect or --observed says."""

    given: bool = False
    """Whether there is a value."""
    value: Any = None
    leg: str = ""
    """The leg whose decision is expected, instead of a value."""


NOTHING_SAID = Expected()


_MAX_BYTES = 16 << 20
_BARE = re.compile(r"[^\W\d_][\w +-]{0,99}")
"""A label that needs no quotes: it can be neither JSON nor well a file's name."""
_NO_LABELS = ("NaN", "Infinity")


def parse_expected(text_or_file: str | None, pattern: "re.Pattern[str] | None" = None) -> Expected:
    """--expect: nothing, F, or what `parse_expect` reads. Raises UsageError."""
    if text_or_file is None:
        return NOTHING_SAID
    if text_or_file == FLOAT:
        return Expected(leg="onnx")
    return Expected(True, parse_expect(text_or_file, pattern))


def parse_observed(text_or_file: str | None, pattern: "re.Pattern[str] | None" = None) -> Expected:
    """--observed: nothing, or what `parse_expect` reads. Raises UsageError."""
    return NOTHING_SAID if text_or_file is None else Expected(True, parse_expect(text_or_file, pattern))


def parse_expect(text_or_file: str, pattern: "re.Pattern[str] | None" = None) -> Any:
    """The JSON value of JSON text, of a file, or of a bare label. Raises UsageError.

    A file may hold JSON, or what a program printed: that is read with `pattern`, or those of the vendor's samples.
    """
    try:
        return _parse(text_or_file)
    except ValueError as error:
        not_json = error
    path = Path(text_or_file)
    try:
        there = path.is_file()
    except (OSError, ValueError):
        there = False
    if there:
        return _from_file(path, pattern)
    if _BARE.fullmatch(text_or_file) and text_or_file not in _NO_LABELS:
        return text_or_file
    raise UsageError(
        f"{text_or_file!r} is neither JSON nor a file: {not_json}",
        next_step=f"for a text, quote it twice: '{json.dumps(text_or_file, ensure_ascii=False)}'",
    )


def _from_file(path: Path, pattern: "re.Pattern[str] | None") -> Any:
    try:
        data = read_regular(path, _MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}", next_step="check the path") from error
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{path}: larger than {_MAX_BYTES} bytes")
    text = decoded(data).text
    try:
        return _parse(text)
    except ValueError as not_json:
        try:
            return read_text(text, pattern)
        except Unmatched as error:
            raise UsageError(
                f"{path}: the pattern fits no line of it; it begins {error}",
                next_step="mend the pattern; for a decision that nothing was found, give '[]'",
            ) from error
        except Unreadable as error:
            raise UsageError(
                f"{path}: not JSON ({not_json}), and no decision in it: {error}",
                next_step="say how its lines are read with --post-pattern",
            ) from error


def _parse(text: str) -> Any:
    try:
        return as_json(json.loads(text, parse_constant=_refuse))
    except (PostprocessError, RecursionError) as error:
        raise ValueError("nested too deeply") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
