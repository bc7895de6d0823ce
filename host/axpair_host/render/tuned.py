"""The table of a tuning, as people read it."""

from collections.abc import Mapping, Sequence
from typing import Any

from axpair_proto.lines import aligned, bold, dim, fitted, paragraph, plain
from axpair_proto.printing import print_lines

from axpair_host.render.numbers import cosine

_COLUMNS = 3
"""Outputs that get columns of their own."""


def tuned(document: Mapping[str, Any]) -> None:
    """Print on stdout."""
    trials: Sequence[Mapping[str, Any]] = document["trials"]
    cases = len(document["cases"])
    what = f"cosine of joint against float model, {cases} file{'s' * (cases != 1)}"
    print_lines(fitted([bold(f"{document['title']}: {what}")]))
    names = list(next(one["outputs"] for one in trials if one["outputs"]))
    shown = names if 1 < len(names) <= _COLUMNS else []
    head = ["", "#", "strategy", "observer", "size", "set", "int16", "worst", "mean"]
    head += [f"{plain(name)} worst" for name in shown] + ["build s", "joint KiB", ""]
    rows = []
    for place, one in enumerate(trials):
        row = ["*" if place == document["best"] else "", str(place + 1), one["strategy"], one["observer"]]
        row += [str(one["size"] or "all"), plain(one["set"].rpartition("/")[2]) if one["set"] else "-"]
        row += [str(one["int16_layers"] or "-"), cosine(one["worst"]), cosine(one["mean"])]
        row += [cosine(one["outputs"][name]["worst"]) if name in one["outputs"] else "-" for name in shown]
        row += [f"{one['build_seconds']:.1f}", f"{one['joint_bytes'] / 1024:.0f}", plain(one["failed"] or "")[:60]]
        rows.append(row)
    print_lines(aligned(rows, head=head))
    best = document["best"]
    said = "none is better than the configuration as it is" if best == 0 else f"number {best + 1} is best"
    print_lines(
        paragraph(
            f"{said}, by the worst output of the worst case. A real toolchain rounds otherwise: take the "
            "order of the rows from here, not their last digits."
        )
    )
    if document["settings"]:
        where = plain(document["config"])
        print_lines(paragraph(f"What number {best + 1} sets otherwise than {where}, to be put in there:"))
        print_lines(f"  {line}" for line in document["settings"].splitlines())
    for note in document["notes"]:
        print_lines(map(dim, paragraph(note)))
