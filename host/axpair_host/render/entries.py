"""Entries of the fault book as people read them."""

from collections.abc import Iterable

import click

from axpair_host.codebook import Entry
from axpair_host.render.lines import aligned, bold, dim, paragraph
from axpair_host.render.verdict import OWNERS, SIDES


def entry(one: Entry, looked_for: bool) -> None:
    """Print one entry; `looked_for` says whether a check of this release can name it."""
    lines = [f"{bold(one.code)}  {bold(one.title)}", ""]
    lines += paragraph(one.meaning)
    lines += ["", *paragraph(one.shows, "how it shows: ", "  ")]
    where = " or ".join(f"{owner} ({OWNERS[owner]})" for owner in one.owners)
    lines += [
        "",
        *aligned([["where it arises", where], ["stage", one.stage.replace("_", " ")], ["side", SIDES[one.side]]]),
    ]
    lines += ["", bold("what to do next")]
    for step in one.next_steps:
        lines += paragraph(step, "  - ", "    ")
    lines += ["", *paragraph(one.send, "what to send: ", "  ")]
    if not looked_for:
        lines += ["", *paragraph("This release doesn't look for it by itself yet.")]
    for line in lines:
        click.echo(line)


def all_entries(entries: Iterable[Entry], looked_for: Iterable[str]) -> None:
    """Print a table of all codes."""
    known = set(looked_for)
    rows = [
        [one.code if one.code in known else dim(f"{one.code} *"), ", ".join(one.owners), one.title] for one in entries
    ]
    for line in aligned([[dim("code"), dim("owner"), dim("finding")], *rows]):
        click.echo(line)
    click.echo("* not looked for by this release yet")
