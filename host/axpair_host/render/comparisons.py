"""Two collections of tensors side by side."""

from axpair_proto.lines import aligned, coloured, paragraph, plain
from axpair_proto.printing import print_lines
from axpair_proto.sentences import say, tr, translated

from axpair_host.documents.compared import ComparedDocument, Slice
from axpair_host.render.numbers import beside_words, cosine, number, own_line


def comparisons(document: ComparedDocument) -> None:
    """Print what `axpair compare` found on stdout."""
    document = translated(document)
    tensors = document.tensors
    differing = sum(1 for one in tensors if not one.as_asked)
    word = document.verdict
    asked = document.asked
    if differing:
        spoken = tr("{differing} of {of} tensors are not {asked}.", differing=differing, of=len(tensors), asked=asked)
    elif asked == "IDENTICAL":
        spoken = tr("{count} tensors, all {asked}.", count=len(tensors), asked=asked)
    else:
        spoken = tr("{count} tensors, all {asked} or stricter.", count=len(tensors), asked=asked)
    print_lines(paragraph(spoken, f"{coloured(word)}  "))
    head = [tr("tensor"), tr("relation"), tr("cosine"), tr("2-norm RE"), tr("max abs"), tr("differing")]
    head.append(tr("atol that would pass"))
    rows = [
        [
            plain(one.name),
            coloured(one.relation),
            cosine(one.cosine),
            number(one.relative_error),
            number(one.max_abs),
            f"{one.differing}/{one.elements}",
            number(one.passing_atol),
        ]
        for one in tensors
    ]
    print_lines(aligned(rows, head=head))
    for one in tensors:
        for line in one.lines or ():
            print_lines(own_line(line))
        for note in (beside_words(one), one.reason, one.note, *map(_slice, (one.slices or ())[:3])):
            if note:
                print_lines(paragraph(note, f"  {plain(one.name)}: ", "    "))


def _slice(part: Slice) -> str:
    low, high = part.range
    fate = say("has cosine {cosine:.4f}", cosine=part.cosine)
    if part.vanished:
        fate = say("is zero in the second")
    return tr(
        "slice {index} of axis {axis} ({low:.4g}..{high:.4g} in the first) {fate}",
        index=part.index,
        axis=part.axis,
        low=low,
        high=high,
        fate=fate,
    )
