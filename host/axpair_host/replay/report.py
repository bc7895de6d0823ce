"""A replay's end for people: cases per verdict and code, the worst cosines, and where the evidence lies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axpair_proto.advice import Command
from axpair_proto.lines import aligned, coloured, fitted, plain
from axpair_proto.printing import print_lines
from axpair_proto.sentences import in_words, tr
from axpair_proto.text import first_names

from axpair_host.advice.commands import Known, filled_row
from axpair_host.advice.known import known_of
from axpair_host.compare.lines import METRICS
from axpair_host.evidence.store import read_record
from axpair_host.render.numbers import cosine
from axpair_host.replay.cases import Found
from axpair_host.replay.keeping import wrong_with
from axpair_host.replay.row import BAD_INPUT, Row
from axpair_host.replay.session import Order, Replayed
from axpair_host.replay.similarity import KEPT
from axpair_host.replay.summary import Summary

Table = tuple[str, Sequence[str], list[Sequence[str]]]
"""Title, column names, cells."""


def print_report(run: Path, replayed: Replayed) -> None:
    """Print it to stdout."""
    for title, names, cells in _tables(replayed.summary):
        print_lines([tr("{title}:", title=title), *aligned([list(map(_cell, row)) for row in cells], "  ", names)])
    print_lines(fitted(_lines(run, replayed)))


def told(row: Row, order: Order, found: Found) -> dict[str, Any]:
    """A row's document with the commands of its steps, for a shell that stands here."""
    record = read_record(order.run / row.kept) if row.kept and not wrong_with(order.run, row) else None
    if record is not None:
        return filled_row(row.whole_document(), known_of(record, order.run / row.kept))
    models, files = order.models, [case.files for case in found.cases if case.id == row.id]
    inputs = tuple((name, path) for case in files for name, path in case.items())
    known = Known(models.joint, models.onnx, models.lava_joint, models.config, inputs=inputs, options=order.options)
    return filled_row(row.whole_document(), known)


def _tables(summary: Summary) -> list[Table]:
    verdicts = [(name, str(count)) for name, count in summary.verdicts.items() if count]
    codes = [(code, str(count)) for code, count in summary.codes.items()]
    worst = [(one.output, one.legs.replace("_", " - "), f"{one.cosine:.6f}", one.case) for one in summary.worst]
    cases = tr("cases")
    tables: list[Table] = [(tr("Verdicts"), (tr("verdict"), cases), [*verdicts, (tr("all"), str(summary.cases))])]
    if codes:
        tables.append((tr("First findings"), (tr("code"), cases), list(codes)))
    if summary.warnings:
        tables.append(
            (tr("Warnings"), (tr("code"), cases), [(code, str(count)) for code, count in summary.warnings.items()])
        )
    if worst:
        names = (tr("output"), tr("between"), tr("cosine"), tr("case"))
        tables.append((tr("Worst cosines"), names, list(worst)))
    if summary.similarities:
        heads = (
            tr("output"),
            tr("case"),
            tr("and"),
            tr("float"),
            tr("joint"),
            tr("of any two, float"),
            tr("what sets cases apart"),
        )
        tables.append((tr("Similarity of two cases, where it changed most"), heads, _similar(summary)))
    return tables


def _similar(summary: Summary) -> list[Sequence[str]]:
    return [
        (
            one.output,
            *one.between,
            cosine(one.before),
            cosine(one.after),
            f"{one.lowest:.3f}..{one.highest:.3f}",
            "-" if one.kept is None else in_words(METRICS["cosine"].told(one.kept)),
        )
        for one in summary.similarities
    ]


def _of_similarity(summary: Summary) -> list[str]:
    return [
        tr(
            "warning: {output}: what sets {cases} cases apart has cosine {kept:.4f} against the float model's, below "
            "{least:g}, whatever each case's own says (AX201); {neighbors} of them have another one as their most "
            "similar",
            output=plain(one.output),
            cases=one.cases,
            kept=one.kept,
            least=KEPT,
            neighbors=one.neighbors,
        )
        for one in summary.similarities
        if one.is_lost
    ]


def _lines(run: Path, replayed: Replayed) -> list[str]:
    lines = []
    if not replayed.ran:
        lines.append(
            tr("nothing to do: every case was done by an earlier call; the results are those of {run}", run=run)
        )
    elif earlier := replayed.summary.earlier:
        lines.append(tr("cases run now: {now}, by earlier calls: {earlier}", now=replayed.ran, earlier=earlier))
    if replayed.damaged:
        lines.append(_counted(tr("rows that were damaged and count for nothing"), list(replayed.damaged), 1))
    if lost := replayed.workers_lost:
        lines.append(tr("workers lost from outside: {count}; what they ran, ran again", count=lost))
    here = {case.id for case in replayed.found.cases}
    gone = [row.id for row in replayed.rows if row.id not in here]
    if gone:
        lines.append(_counted(tr("no longer there, but their rows stay"), gone, 1))
    if left_out := replayed.found.left_out:
        lines.append(_counted(tr("left out, as neither image, .bin nor .npy"), left_out))
    if columns := replayed.found.unread_columns:
        names = first_names(columns)
        lines.append(
            tr("columns of the list that aren't read: {names}; results go with --expect, --observed", names=names)
        )
    if passed_over := replayed.found.passed_over:
        lines.append(_counted(tr("passed over, as no files"), passed_over, 20))
    for row in _unusable(replayed.rows):
        why = in_words(row.document["error"]["message"])
        lines.append(tr("unusable: {id}: {why}", id=plain(row.id), why=why))
    lines += [tr("a line doesn't hold: {line}", line=plain(in_words(one))) for one in replayed.summary.missed]
    return [*lines, *_of_similarity(replayed.summary), *_of_kept(run, replayed.rows)]


def _counted(what: str, names: Sequence[str], most: int = 3) -> str:
    return tr("{what} ({count}): {names}", what=what, count=len(names), names=first_names(names, most))


def _of_kept(run: Path, rows: Sequence[Row]) -> list[str]:
    """Where the evidence lies; a folder that was deleted or damaged since is named, and never proposed."""
    kept: dict[str, list[Row]] = {}
    for row in rows:
        if row.kept:
            kept.setdefault(wrong_with(run, row), []).append(row)
    whole = kept.pop("", [])
    lines = [_counted(in_words(wrong), [row.id for row in of]) for wrong, of in sorted(kept.items())]
    if whole:
        folder = run / "cases"
        lines.append(tr("gt folders of cases that did not pass ({count}): {folder}", count=len(whole), folder=folder))
        lines.append(f"  {tr('next: ')}{Command.of('axpair', 'diagnose', run / whole[0].kept).line()}")
    return lines


def _unusable(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.verdict == BAD_INPUT]


def _cell(text: str) -> str:
    """A verdict in its color; any other cell may be a name."""
    return coloured(plain(text))
