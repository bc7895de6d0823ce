"""The table of a board's switches, as people read it."""

from collections.abc import Mapping, Sequence
from typing import Any

from axpair_proto.lines import aligned, plain

_WORDS = {True: "yes", False: "no", None: "-"}


def switch_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """switch, bytes changed?, right?; what wasn't tried, or failed, says why."""
    table = [[plain(row["switch"]), _WORDS[row["changed"]], _WORDS[row["right"]], plain(_remark(row))] for row in rows]
    return aligned(table, "  ", ["switch", "bytes changed?", "right?", ""])


def _remark(row: Mapping[str, Any]) -> str:
    if row["failed"]:
        return f"failed: {row['failed']}"
    return row["lacking"] or ""
