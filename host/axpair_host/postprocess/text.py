"""What a program printed, read as a decision: JSON if it is JSON, else line by line with a pattern."""

import json
import re
from collections.abc import Mapping
from typing import Any

from axpair_host.errors import UsageError

CORNERS = ("x1", "y1", "x2", "y2")
GROUPS = ("label", "id", "score", *CORNERS)
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_B = r"[^\S\n]*"
"""Blanks within a line."""
PATTERNS: Mapping[str, str] = {
    "detection": rf"^{_B}(?P<id>\d+):{_B}(?P<score>{_NUMBER})%,{_B}\[{_B}(?P<x1>{_NUMBER}),{_B}(?P<y1>{_NUMBER}),"
    rf"{_B}(?P<x2>{_NUMBER}),{_B}(?P<y2>{_NUMBER})\],{_B}(?P<label>(?:\S(?:.*\S)?)?){_B}$",
    "classification": rf"^{_B}(?P<score>{_NUMBER}),{_B}(?P<label>\S+){_B}$",
}
"""By name; those of the vendor's samples, which print `16: 93%, [135, 219, 310, 541], dog` and `11.4611, 285`."""
_NOTHING = re.compile(rf"^{_B}detection num:{_B}0{_B}$|\A\s*\[\s*\]\s*\Z", re.MULTILINE)
"""What those samples print where nothing was found, and the same in JSON."""
_LONGEST = 1 << 20
_LINES_TOLD, _LINE_TOLD = 3, 80


class Unreadable(ValueError):
    """A text in which no decision was found; the message says what it begins with."""


class Unmatched(Unreadable):
    """A text of which no line fits the user's pattern; the message is its first lines."""


def compiled(pattern: str) -> "re.Pattern[str]":
    """A pattern by name, or the user's own expression. Raises UsageError for one that can't be used."""
    try:
        found = re.compile(PATTERNS.get(pattern, pattern), re.MULTILINE)
    except re.error as error:
        raise UsageError(f"--post-pattern {pattern!r}: {error}", next_step=_ADVICE) from error
    if unknown := sorted(set(found.groupindex) - set(GROUPS)):
        raise UsageError(f"--post-pattern {pattern!r}: unknown group {unknown[0]!r}", next_step=_ADVICE)
    corners = [name for name in CORNERS if name in found.groupindex]
    if corners and len(corners) < len(CORNERS):
        raise UsageError(f"--post-pattern {pattern!r}: a box needs all of {', '.join(CORNERS)}", next_step=_ADVICE)
    if not corners and not {"label", "id"} & set(found.groupindex):
        raise UsageError(f"--post-pattern {pattern!r}: neither a label nor a box is in it", next_step=_ADVICE)
    return found


_ADVICE = f"give {' or '.join(PATTERNS)}, or an expression with groups such as (?P<label>..): {', '.join(GROUPS)}"


def read_text(text: str, pattern: "re.Pattern[str] | None" = None) -> Any:
    """The JSON value that a text says: itself where it is JSON; else what `pattern`, or without one the first pattern
    of the vendor's samples that fits any line, finds: a list of boxes, or of labels, best first as printed.

    With a pattern, lines that don't fit are passed over. An empty text, and what the samples print then, says that
    nothing was found. Raises Unreadable, and Unmatched where no line fits the pattern.
    """
    if len(text) > _LONGEST:
        raise Unreadable(f"more than {_LONGEST} characters")
    if pattern is not None:
        found = _entries(text, pattern)
        if not found and text.strip() and not _NOTHING.search(text):
            raise Unmatched(_beginning(text))
        return found
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    for name in PATTERNS:
        if found := _entries(text, compiled(name)):
            return found
    if _NOTHING.search(text):
        return []
    start = text.strip()[:80]
    raise Unreadable(f"neither JSON nor lines that a pattern knows; it begins with {start!r}" if start else "nothing")


def _beginning(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    told = " | ".join(repr(line[:_LINE_TOLD]) for line in lines[:_LINES_TOLD])
    return f"{told} ..." if len(lines) > _LINES_TOLD else told


def _entries(text: str, pattern: "re.Pattern[str]") -> list[dict[str, Any]]:
    return [_entry(found.groupdict(), _of_hundred(found)) for found in pattern.finditer(text)]


def _of_hundred(found: "re.Match[str]") -> bool:
    """Whether the score is said in per cent: 93% is what a post-processor in Python calls 0.93."""
    return bool(found.groupdict().get("score")) and found.string[found.end("score") :].startswith("%")


def _entry(groups: Mapping[str, str | None], of_hundred: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        name: _value(groups[name] or "") for name in ("id", "label") if groups.get(name) is not None
    }
    try:
        if groups.get("score") is not None:
            score = float(groups["score"] or "")
            entry["score"] = round(score / 100, 9) if of_hundred else score
        if groups.get("x1") is not None:
            entry["box"] = [float(groups[name] or "") for name in CORNERS]
    except ValueError as error:
        raise Unreadable(f"the pattern takes something for a number that is none: {error}") from error
    return entry


def _value(text: str) -> int | str:
    """A number only where that is how it is written: 007 is a name."""
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) and str(int(text)) == text else text
