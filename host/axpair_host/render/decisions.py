"""What the post-processor made of each leg, as people read it."""

from collections.abc import Mapping
from typing import Any

from axpair_proto.lines import bold, paragraph, plain

_PROGRAM = "program"


def decision_lines(table: Mapping[str, Any]) -> list[str]:
    """A title that says what is expected, then a line for each leg: what isn't as expected, or what was said."""
    if table["expected"] is None:
        expected = "nothing is expected"
    elif table["expected_of"]:
        expected = f"expected is what it makes of {table['expected_of']}: {table['expected']}"
    else:
        expected = f"expected is {table['expected']}"
    names = [_name(row["leg"]) for row in table["rows"]]
    lines = paragraph(f" of {plain(table['postprocess'] or 'the program')}; {expected}", bold("decisions"), "  ")
    for name, row in zip(names, table["rows"], strict=True):
        lead = f"  {name.ljust(max(map(len, names)))}  "
        lines += paragraph(_words(row), lead, " " * len(lead))
    return lines


def _words(row: Mapping[str, Any]) -> str:
    if row["differs"] is None or row["differs"] == ["it failed"]:
        return str(row["said"])
    return "; ".join(row["differs"]) or "as expected"


def _name(leg: str) -> str:
    return "your program" if leg == _PROGRAM else plain(leg)
