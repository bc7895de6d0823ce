"""What a reduction left, for people."""

from axpair_proto.lines import aligned, bold, coloured, dim, fitted, paragraph, plain
from axpair_proto.printing import print_line, print_lines
from axpair_proto.sentences import tr, translated
from axpair_proto.text import first_names

from axpair_host.documents.reduced import ReducedCase, ReducedRun
from axpair_host.render.layers import differing


def cases(document: ReducedRun) -> None:
    """Print a run's smallest subset on stdout."""
    document = translated(document)
    kept, found = document.kept, document.findings
    said = (
        tr("{count} of {of} cases show every distinct finding.", count=len(kept), of=document.cases)
        if kept
        else tr("nothing was found in {of} cases: there is nothing to keep.", of=document.cases)
    )
    print_lines(paragraph(said, f"{coloured(document.verdict)}  "))
    for one in found:
        signature = one.signature
        marks = f" ({', '.join(signature.marks)})" if signature.marks else ""
        head = tr(
            "{code} in {count} cases, kept: {kept}",
            code=signature.code,
            count=len(one.shown_by),
            kept=plain(one.kept),
        )
        print_lines(map(bold, paragraph(head, "  ")))
        print_lines(paragraph(f"{one.summary}{marks}", "    "))
    for word, ids in (
        (tr("inconclusive without a finding"), document.undecided),
        (tr("unusable"), document.unusable),
        (tr("left out, their gt folders are gone or hold something else"), document.without_evidence),
        (tr("left out, their rows in run.sqlite are damaged"), document.damaged),
    ):
        if ids:
            print_lines(map(dim, paragraph(f"{word} ({len(ids)}): {first_names(ids)}", rest="  ")))
    if document.out:
        print_lines(fitted([tr("written: {path} (see README.txt there)", path=document.out)]))


def part(document: ReducedCase) -> None:
    """Print what became of a model on stdout."""
    document = translated(document)
    print_lines(paragraph(document.why, f"{coloured(document.verdict)}  "))
    left = document.part
    if left is not None:
        rows = [[plain(one.name), plain(one.kind), plain(one.output)] for one in left.nodes[:20]]
        print_lines(aligned(rows, "  "))
        for tensor in left.differs:
            print_lines(paragraph(differing(tensor), f"  {plain(tensor.name)}: ", "    "))
        if not left.at_most_a_tenth:
            print_line(dim(tr("that is {part:.0%} of the model: no smaller part fails", part=left.share)))
        print_lines(fitted([tr("written: {path} (see README.txt there)", path=left.folder)]))
    tried = tr("{count} models tried; log: {path}", count=document.trials, path=document.log)
    print_lines(fitted([dim(tried)]))
