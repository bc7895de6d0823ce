"""The table of a board's switches, as people read it."""

from collections.abc import Sequence

from axpair_proto.lines import aligned, plain
from axpair_proto.sentences import say, tr, translated

from axpair_host.documents.pair import SwitchRow

_WORDS = {True: say("yes"), False: say("no"), None: "-"}


def switch_lines(rows: Sequence[SwitchRow]) -> list[str]:
    """switch, bytes changed?, right?; what wasn't tried, or failed, says why."""
    table = [
        [plain(row.switch), *translated([_WORDS[row.changed], _WORDS[row.right]]), plain(_remark(row))] for row in rows
    ]
    return aligned(table, "  ", [tr("switch"), tr("bytes changed?"), tr("right?"), ""])


def _remark(row: SwitchRow) -> str:
    if row.failed:
        return tr("failed: {why}", why=row.failed)
    return row.lacking or ""
