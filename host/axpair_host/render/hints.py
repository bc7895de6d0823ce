"""What a lint found, as people read it."""

from collections.abc import Mapping
from typing import Any

import click

from axpair_host.render.lines import aligned, bold, dim, paragraph, plain
from axpair_host.render.numbers import cosine


def hints(document: Mapping[str, Any]) -> None:
    """Print on stdout."""
    found = document["hints"]
    if not found:
        click.echo("Nothing odd was found in what was looked at.")
    else:
        number = len(found)
        click.echo(bold(f"{number} hint{'s' if number > 1 else ''}; none is proven by itself"))
    for place, one in enumerate(found, start=1):
        for line in paragraph(one["summary"], f"  {place}. {bold(one['kind'])} ({one['code']}) ", "     "):
            click.echo(line)
        for line in paragraph(one["prove"], "     next: ", "           "):
            click.echo(line)
    if document["scores"]:
        click.echo(bold("joint against float model, on the emulator"))
        rows = [
            [plain(one["name"]), "your input" if one["case"] else "", cosine(one["worst"])]
            for one in document["scores"]
        ]
        for line in aligned(rows, "  "):
            click.echo(line)
    for one in document["not_looked_at"]:
        for line in paragraph(one["why"], f"  not looked at, {plain(one['what'])}: ", "    "):
            click.echo(dim(line))
