"""The table of a board's switches, as people read it."""

from collections.abc import Mapping, Sequence
from typing import Any

from axpair_proto.sentences import say, tr, translated

from axpair_host.render.lines import aligned, dim, paragraph, plain, table_columns, width

_WORDS = {True: say("yes"), False: say("no"), None: "-"}


def switch_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """switch, bytes changed?, right?; what wasn't tried, or failed, says why."""
    head = [dim(title) for title in (tr("switch"), tr("bytes changed?"), tr("right?"), "")]
    table = [
        [plain(row["switch"]), *translated([_WORDS[row["changed"]], _WORDS[row["right"]]]), plain(_remark(row))]
        for row in rows
    ]
    lines = aligned([head, *table], "  ")
    if max(map(width, lines)) <= table_columns():
        return lines
    short = aligned([head[:3], *(row[:3] for row in table)], "  ")  # remarks go below where they are too long
    remarks = [line for row in table if row[3] for line in paragraph(row[3], f"  {row[0]}: ", "    ")]
    return [*short, *remarks]


def _remark(row: Mapping[str, Any]) -> str:
    if row["failed"]:
        return tr("failed: {why}", why=row["failed"])
    return row["lacking"] or ""
