"""What a lint found, as people read it."""

from axpair_proto.lines import aligned, bold, dim, paragraph, plain, step_lines
from axpair_proto.printing import print_line, print_lines
from axpair_proto.sentences import tr, translated
from msgspec.structs import asdict

from axpair_host.documents.linted import HintRow, LintDocument
from axpair_host.render.numbers import cosine


def _code(one: HintRow) -> str:
    return f" ({one.code})" if one.code else ""


def hints(document: LintDocument) -> None:
    """Print on stdout."""
    document = translated(document)
    found = document.hints
    if not found:
        print_line(tr("Nothing odd was found in what was looked at."))
    elif len(found) == 1:
        print_line(bold(tr("1 hint; none is proven by itself")))
    else:
        print_line(bold(tr("{count} hints; none is proven by itself", count=len(found))))
    for place, one in enumerate(found, start=1):
        print_lines(paragraph(one.summary, f"  {place}. {bold(one.kind)}{_code(one)} ", "     "))
        print_lines(step_lines(asdict(one.prove), "     "))
    if document.scores:
        print_line(bold(tr("joint against float model, on the emulator")))
        rows = [[plain(one.name), tr("your input") if one.case else "", cosine(one.worst)] for one in document.scores]
        print_lines(aligned(rows, "  "))
    for passed in document.not_looked_at:
        lead = tr("not looked at, {what}: ", what=plain(passed.what))
        print_lines(map(dim, paragraph(passed.why, f"  {lead}", "    ")))
    for step in document.next_steps:
        print_lines(step_lines(asdict(step), "  "))
