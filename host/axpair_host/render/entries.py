"""Entries of the fault book as people read them."""

from collections.abc import Iterable

from axpair_proto.lines import aligned, bold, dim, paragraph, step_lines
from axpair_proto.printing import print_line, print_lines
from axpair_proto.sentences import tr, translated

from axpair_host.advice.commands import general
from axpair_host.codebook import Entry
from axpair_host.render.verdict import OWNERS, SIDES, STAGES


def entry(one: Entry, looked_for: bool) -> None:
    """Print one entry; `looked_for` says whether a check of this release can name it. In another language the English
    title, which documents have, stands beside the translated one."""
    title = translated(one.title)
    beside = f"  ({one.title})" if title != one.title else ""
    lines = [f"{bold(one.code)}  {bold(title)}{beside}", "", *paragraph(translated(one.meaning))]
    lines += ["", *paragraph(translated(one.shows), tr("how it shows: "), "  ")]
    where = tr(" or ").join(tr("{owner} ({whose})", owner=owner, whose=OWNERS[owner]) for owner in one.owners)
    facts = [
        [tr("where it arises"), where],
        [tr("stage"), translated(STAGES[one.stage])],
        [tr("side"), translated(SIDES[one.side])],
    ]
    lines += ["", *aligned(facts)]
    lines += ["", bold(tr("what to do next"))]
    for step in one.next_steps:
        lines += step_lines(translated(general(step)), "  ", "- ")
    lines += ["", *paragraph(translated(one.send), tr("what to send: "), "  ")]
    if not looked_for:
        lines += ["", *paragraph(tr("This release doesn't look for it by itself yet."))]
    print_lines(lines)


def all_entries(entries: Iterable[Entry], looked_for: Iterable[str]) -> None:
    """Print a table of all codes."""
    known, entries = set(looked_for), list(entries)
    rows = [
        [
            one.code if one.code in known else dim(f"{one.code} *"),
            ", ".join(one.owners),
            translated(one.title),
        ]
        for one in entries
    ]
    print_lines(aligned(rows, head=[tr("code"), tr("owner"), tr("finding")]))
    if any(one.code not in known for one in entries):
        print_line(tr("* not looked for by this release yet"))
