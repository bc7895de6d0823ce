"""A replay's end for people: cases per verdict and code, the worst cosines, and where the evidence lies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axpair_proto.advice import Command
from axpair_proto.lines import aligned, coloured, fitted, plain
from axpair_proto.printing import print_lines
from axpair_proto.text import first_names

from axpair_host.advice.commands import Known, filled
from axpair_host.advice.known import known_of
from axpair_host.evidence.store import read_record
from axpair_host.replay.cases import Found
from axpair_host.replay.keeping import wrong_with
from axpair_host.replay.row import BAD_INPUT, Row
from axpair_host.replay.session import Order, Replayed
from axpair_host.replay.summary import Summary

Table = tuple[str, Sequence[str], list[Sequence[str]]]
"""Title, column names, cells."""


def print_report(run: Path, replayed: Replayed) -> None:
    """Print it to stdout."""
    for title, names, cells in _tables(replayed.summary):
        print_lines([f"{title}:", *aligned([list(map(_cell, row)) for row in cells], "  ", names)])
    print_lines(fitted(_lines(run, replayed)))


def told(row: Row, order: Order, found: Found) -> dict[str, Any]:
    """A row's document with the commands of its steps, for a shell that stands here."""
    record = read_record(order.run / row.kept) if row.kept and not wrong_with(order.run / row.kept) else None
    if record is not None:
        return filled(row.whole_document(), known_of(record, order.run / row.kept))
    models, files = order.models, [case.files for case in found.cases if case.id == row.id]
    inputs = tuple((name, path) for case in files for name, path in case.items())
    known = Known(models.joint, models.onnx, models.lava_joint, models.config, inputs=inputs, options=order.options)
    return filled(row.whole_document(), known)


def _tables(summary: Summary) -> list[Table]:
    verdicts = [(name, str(count)) for name, count in summary.verdicts.items() if count]
    codes = [(code, str(count)) for code, count in summary.codes.items()]
    worst = [(one.output, one.legs.replace("_", " - "), f"{one.cosine:.6f}", one.case) for one in summary.worst]
    tables: list[Table] = [("Verdicts", ("verdict", "cases"), [*verdicts, ("all", str(summary.cases))])]
    if codes:
        tables.append(("First findings", ("code", "cases"), list(codes)))
    if worst:
        tables.append(("Worst cosines", ("output", "between", "cosine", "case"), list(worst)))
    return tables


def _lines(run: Path, replayed: Replayed) -> list[str]:
    lines = []
    if not replayed.ran:
        lines.append(f"nothing to do: every case was done by an earlier call; the results are those of {run}")
    elif replayed.summary.earlier:
        lines.append(f"cases run now: {replayed.ran}, by earlier calls: {replayed.summary.earlier}")
    if replayed.damaged:
        ids = list(replayed.damaged)
        lines.append(f"rows that were damaged and count for nothing ({len(ids)}): {first_names(ids, 1)}")
    if lost := replayed.workers_lost:
        lines.append(f"workers lost from outside: {lost}; what they ran, ran again")
    here = {case.id for case in replayed.found.cases}
    gone = [row.id for row in replayed.rows if row.id not in here]
    if gone:
        lines.append(f"no longer there, but their rows stay ({len(gone)}): {first_names(gone, 1)}")
    if left_out := replayed.found.left_out:
        lines.append(f"left out, as neither image, .bin nor .npy ({len(left_out)}): {first_names(left_out)}")
    if passed_over := replayed.found.passed_over:
        lines.append(f"passed over, as no files ({len(passed_over)}): {first_names(passed_over, 20)}")
    lines += [f"unusable: {plain(row.id)}: {row.document['error']['message']}" for row in _unusable(replayed.rows)]
    return [*lines, *_of_kept(run, replayed.rows)]


def _of_kept(run: Path, rows: Sequence[Row]) -> list[str]:
    """Where the evidence lies; a folder that was deleted or damaged since is named, and never proposed."""
    kept: dict[str, list[Row]] = {}
    for row in rows:
        if row.kept:
            kept.setdefault(wrong_with(run / row.kept), []).append(row)
    whole = kept.pop("", [])
    lines = [f"{wrong} ({len(of)}): {first_names([row.id for row in of])}" for wrong, of in sorted(kept.items())]
    if whole:
        lines.append(f"gt folders of cases that did not pass ({len(whole)}): {run / 'cases'}")
        lines.append(f"  next: {Command.of('axpair', 'diagnose', run / whole[0].kept).line()}")
    return lines


def _unusable(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.verdict == BAD_INPUT]


def _cell(text: str) -> str:
    """A verdict in its color; any other cell may be a name."""
    return coloured(plain(text))
