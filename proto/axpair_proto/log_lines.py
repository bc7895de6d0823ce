"""A program's lines without what other programs put around them: a terminal's control sequences, a logger's prefix and
what it has behind, such as the end of a JSON document.

No logger is known by its form: text that the program is known to print is found anywhere in a line, and what stands
before it in most such lines is the prefix of all; so with what stands behind. Standard library
alone, since workers on boards read logs too.
"""

import itertools
import re
from collections import Counter
from typing import Iterable, List, Optional, Pattern, Sequence

LONGEST_LINE = 600
"""What is read of a line; a log may be hostile, and no line of a known program is as long."""
_LONGEST_PREFIX = _LONGEST_SUFFIX = 200
_MOST_LOOKED_AT = 2000
"""So many lines with known text tell the prefix."""
_CONTROL = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # colors, cursor, modes
    r"|\x1b\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)"  # a window's title
    r"|\x1b[()][A-Z0-9]|\x1b[=>78cDEHMNOZ]|[\x00\r\x07]"
)
_TOKEN = re.compile(r"\s*\d+|[^\W\d_]+|\s+|.", re.DOTALL)
_CHANGING = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|AM|PM|[A-Z]"
    r"|TRACE|DEBUG|INFO|NOTICE|SUCCESS|WARN|WARNING|ERR|ERROR|CRITICAL|FATAL)",
    re.IGNORECASE,
)
"""Words of a prefix that differ between the lines of one run: of times, and levels."""


def bare_lines(lines: Sequence[str], known: "Pattern[str]", ends: "Optional[Pattern[str]]" = None) -> List[str]:
    """The lines without control sequences and without the prefix that most lines with `known` text have, and what most
    have behind text that `ends` finds whole.

    Lines that don't begin or end so stay. One line with known text alone tells of neither.
    """
    plain = [_CONTROL.sub("", line) if not line.isprintable() else line for line in lines]
    before = _most_common(
        found_line[: found.start()].rstrip()[:_LONGEST_PREFIX]
        for found_line in plain
        if (found := known.search(found_line, 0, _LONGEST_PREFIX + 100))
    )
    if before:
        prefix = re.compile(before + r"(?:\s|$)?")
        plain = [line[found.end() :] if (found := prefix.match(line)) else line for line in plain]
    if ends is None:
        return plain
    behind = _most_common(
        line[found.end() :].strip()[:_LONGEST_SUFFIX]
        for line in plain
        if (found := ends.match(line, 0, LONGEST_LINE)) and len(line) <= LONGEST_LINE
    )
    if behind:
        suffix = re.compile(behind + "$")
        return [_without(line, suffix) for line in plain]
    return plain


def _without(line: str, suffix: "Pattern[str]") -> str:
    if len(line) > LONGEST_LINE:
        return line
    whole = line.rstrip()
    found = suffix.search(whole, max(0, len(whole) - _LONGEST_SUFFIX))
    return whole[: found.start()].rstrip() if found else line


def _most_common(texts: Iterable[str]) -> str:
    """The form that most of the first texts have; "" where that is nothing, or only one has it."""
    counted = Counter(map(_form, itertools.islice(texts, _MOST_LOOKED_AT)))
    form, count = counted.most_common(1)[0] if counted else ("", 0)
    return form if count > 1 else ""


def _form(prefix: str) -> str:
    """A pattern for texts around lines like this one: numbers and the words of times and levels may be others.

    No two parts of it fit the same text next to each other, so that it is matched in one go.
    """
    parts: List[str] = []
    after_number = False
    for token in _TOKEN.findall(prefix):
        is_number = token[-1].isdecimal()
        if is_number:
            parts.append(r"\s+\d+" if after_number else r"\s*\d+")
        elif token.isspace():
            parts.append(r"\s+")
        else:
            parts.append(r"[^\W\d_]+" if _CHANGING.fullmatch(token) else re.escape(token))
        after_number = is_number
    return "".join(parts)
