"""axpair explain: the fault book."""

import click
from axpair_proto.advice import calling
from axpair_proto.command_line import Command
from axpair_proto.printing import print_document

from axpair_host.cli import options
from axpair_host.errors import UsageError


@click.command("explain", cls=Command)
@click.argument("code", required=False)
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="zh: title and meaning in Chinese; the rest is in English.",
)
@options.json_option
def command(code: str | None, lang: str, as_json: bool) -> None:
    """Say what a code means, how it shows, what to do next, and what to send to whom. Without CODE: all of them.

    \b
    axpair explain AX302
    axpair explain AX302 --lang zh
    axpair explain
    """
    from axpair_host import render
    from axpair_host.codebook import entries, find, near_misses
    from axpair_host.diagnosis.ladder import CODES

    if code is None:
        if as_json:
            documents = [{**one.document(), "looked_for": one.code in CODES} for one in entries().values()]
            _print({"schema_version": 1, "codes": documents})
        else:
            render.all_entries(entries().values(), CODES, lang)
        return
    entry = find(code)
    if entry is None:
        near = near_misses(code)
        raise UsageError(
            f"there is no code {code!r}" + (f"; near it: {', '.join(near)}" if near else ""),
            next_step=calling("axpair", "explain", text="all codes:"),
        )
    if as_json:
        _print({"schema_version": 1, **entry.document(), "looked_for": entry.code in CODES})
    else:
        render.entry(entry, entry.code in CODES, lang)


def _print(document: object) -> None:
    print_document(document)
