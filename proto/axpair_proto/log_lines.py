"""A program's lines without what other programs put around them: a terminal's control sequences, a logger's prefix.

No logger is known by its form: text that the program is known to print is found anywhere in a line, and what stands
before it in most such lines is the prefix of all. Standard library alone, since workers on boards read logs too.
"""

import re
from collections import Counter
from typing import List, Pattern, Sequence

LONGEST_LINE = 600
"""What is read of a line; a log may be hostile, and no line of a known program is as long."""
_LONGEST_PREFIX = 200
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


def bare_lines(lines: Sequence[str], known: "Pattern[str]") -> List[str]:
    """The lines without control sequences and without the prefix that most lines with `known` text have.

    Lines that don't begin with the prefix stay. One line with known text alone tells of no prefix.
    """
    plain = [_CONTROL.sub("", line) if not line.isprintable() else line for line in lines]
    counted: Counter[str] = Counter()
    seen = 0
    for line in plain:
        found = known.search(line, 0, _LONGEST_PREFIX + 100)
        if found:
            counted[_form(line[: found.start()].rstrip()[:_LONGEST_PREFIX])] += 1
            seen += 1
            if seen == _MOST_LOOKED_AT:
                break
    form, count = counted.most_common(1)[0] if counted else ("", 0)
    if not form or count < 2:
        return plain
    prefix = re.compile(form + r"(?:\s|$)?")
    return [line[found.end() :] if (found := prefix.match(line)) else line for line in plain]


def _form(prefix: str) -> str:
    """A pattern for prefixes like this one: numbers and the words of times and levels may be others.

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
