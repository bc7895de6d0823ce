"""Entries of the fault book as people read them."""

from collections.abc import Iterable

from axpair_proto.lines import aligned, bold, dim, paragraph, step_lines
from axpair_proto.printing import print_line, print_lines

from axpair_host.advice.commands import general
from axpair_host.codebook import Entry
from axpair_host.render.verdict import OWNERS, SIDES


def entry(one: Entry, looked_for: bool, language: str = "en") -> None:
    """Print one entry; `looked_for` says whether a check of this release can name it. In "zh" title and meaning are
    Chinese, with the English title beside it, which verdicts use."""
    if language == "zh":
        lines = [f"{bold(one.code)}  {bold(one.zh_title)}  ({one.title})", "", *paragraph(one.zh_meaning)]
    else:
        lines = [f"{bold(one.code)}  {bold(one.title)}", "", *paragraph(one.meaning)]
    lines += ["", *paragraph(one.shows, "how it shows: ", "  ")]
    where = " or ".join(f"{owner} ({OWNERS[owner]})" for owner in one.owners)
    lines += [
        "",
        *aligned([["where it arises", where], ["stage", one.stage.replace("_", " ")], ["side", SIDES[one.side]]]),
    ]
    lines += ["", bold("what to do next")]
    for step in one.next_steps:
        lines += step_lines(general(step), "  ", "- ")
    lines += ["", *paragraph(one.send, "what to send: ", "  ")]
    if not looked_for:
        lines += ["", *paragraph("This release doesn't look for it by itself yet.")]
    print_lines(lines)


def all_entries(entries: Iterable[Entry], looked_for: Iterable[str], language: str = "en") -> None:
    """Print a table of all codes, their titles in "en" or "zh"."""
    known, entries = set(looked_for), list(entries)
    rows = [
        [
            one.code if one.code in known else dim(f"{one.code} *"),
            ", ".join(one.owners),
            one.zh_title if language == "zh" else one.title,
        ]
        for one in entries
    ]
    print_lines(aligned(rows, head=["code", "owner", "finding"]))
    if any(one.code not in known for one in entries):
        print_line("* not looked for by this release yet")
