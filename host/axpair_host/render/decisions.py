"""What the post-processor made of each leg, as people read it."""

from axpair_proto.lines import bold, paragraph, plain, width
from axpair_proto.sentences import tr

from axpair_host.documents.pair import DecisionRow, DecisionTable

_PROGRAM = "program"


def decision_lines(table: DecisionTable) -> list[str]:
    """A title that says what is expected, then a line for each leg: what isn't as expected, or what was said."""
    if table.expected is None:
        expected = tr("nothing is expected")
    elif table.expected_of:
        expected = tr("expected is what it makes of {leg}: {expected}", leg=table.expected_of, expected=table.expected)
    else:
        expected = tr("expected is {expected}", expected=table.expected)
    names = [_name(row.leg) for row in table.rows]
    whose = plain(table.postprocess or tr("the program"))
    lines = paragraph(tr(" of {whose}; {expected}", whose=whose, expected=expected), bold(tr("decisions")), "  ")
    for name, row in zip(names, table.rows, strict=True):
        lead = f"  {name}{' ' * (max(map(width, names)) - width(name))}  "
        lines += paragraph(_words(row), lead, " " * len(lead))
    return lines


def _words(row: DecisionRow) -> str:
    if row.differs is None or row.differs == (tr("it failed"),):
        return row.said
    return tr("; ").join(row.differs) or tr("as expected")


def _name(leg: str) -> str:
    return tr("your program") if leg == _PROGRAM else plain(leg)
