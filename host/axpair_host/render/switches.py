"""The table of a board's switches, as people read it."""

from collections.abc import Mapping, Sequence
from typing import Any

from axpair_host.render.lines import aligned, dim, paragraph, plain, table_columns, width

_WORDS = {True: "yes", False: "no", None: "-"}


def switch_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """switch, bytes changed?, right?; what wasn't tried, or failed, says why."""
    head = [dim(title) for title in ("switch", "bytes changed?", "right?", "")]
    table = [[plain(row["switch"]), _WORDS[row["changed"]], _WORDS[row["right"]], plain(_remark(row))] for row in rows]
    lines = aligned([head, *table], "  ")
    if max(map(width, lines)) <= table_columns():
        return lines
    short = aligned([head[:3], *(row[:3] for row in table)], "  ")  # remarks go below where they are too long
    remarks = [line for row in table if row[3] for line in paragraph(row[3], f"  {row[0]}: ", "    ")]
    return [*short, *remarks]


def _remark(row: Mapping[str, Any]) -> str:
    if row["failed"]:
        return f"failed: {row['failed']}"
    return row["lacking"] or ""
