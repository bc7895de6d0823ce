"""The table of a tuning, as people read it."""

from axpair_proto.lines import aligned, bold, dim, fitted, paragraph, plain
from axpair_proto.printing import print_lines
from axpair_proto.sentences import say, tr, translated

from axpair_host.documents.tuned import TunedDocument
from axpair_host.render.numbers import cosine

_COLUMNS = 3
"""Outputs that get columns of their own."""


def tuned(document: TunedDocument) -> None:
    """Print on stdout."""
    trials = document.trials
    cases = len(document.cases)
    document = translated(document)
    title = document.title
    about = tr("{title}: cosine of joint against float model, {count} files", title=title, count=cases)
    if cases == 1:
        about = tr("{title}: cosine of joint against float model, 1 file", title=title)
    print_lines(fitted([bold(about)]))
    names = list(next(one.outputs for one in trials if one.outputs))
    shown = names if 1 < len(names) <= _COLUMNS else []
    head = ["", "#", tr("strategy"), tr("observer"), tr("size"), tr("set"), "int16", tr("worst"), tr("mean")]
    head += [tr("{name} worst", name=plain(name)) for name in shown] + [tr("build s"), tr("joint KiB"), ""]
    rows = []
    for place, one in enumerate(trials):
        row = ["*" if place == document.best else "", str(place + 1), one.strategy, one.observer]
        row += [str(one.size or tr("all")), plain(one.set.rpartition("/")[2]) if one.set else "-"]
        row += [str(one.int16_layers or "-"), cosine(one.worst), cosine(one.mean)]
        row += [cosine(one.outputs[name].worst) if name in one.outputs else "-" for name in shown]
        row += [f"{one.build_seconds:.1f}", f"{one.joint_bytes / 1024:.0f}", plain(one.failed or "")[:60]]
        rows.append(row)
    print_lines(aligned(rows, head=head))
    best = document.best
    said = say("number {number} is best", number=best + 1)
    if best == 0:
        said = say("none is better than the configuration as it is")
    print_lines(
        paragraph(
            tr(
                "{said}, by the worst output of the worst case. A real toolchain rounds otherwise: take the order of "
                "the rows from here, not their last digits.",
                said=said,
            )
        )
    )
    if best and document.settings:
        where = plain(document.config)
        settings = tr(
            "What number {number} sets otherwise than {config}, to be put in there:", number=best + 1, config=where
        )
        print_lines(paragraph(settings))
        print_lines(f"  {line}" for line in document.settings.splitlines())
    for note in document.notes:
        print_lines(map(dim, paragraph(note)))
