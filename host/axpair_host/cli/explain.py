"""axpair explain: the fault book."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from axpair_proto.advice import calling
from axpair_proto.command_line import Command
from axpair_proto.printing import print_document
from axpair_proto.sentences import say

from axpair_host.cli import options
from axpair_host.cli.request import taking
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """What `axpair explain` is asked."""

    code: str | None
    """None = all of them."""
    as_json: bool


def _codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    from axpair_host.codebook import entries

    found = (one for one in entries().values() if one.code.startswith(incomplete.upper()))
    return [CompletionItem(one.code, help=one.title) for one in found]


@click.command("explain", cls=Command)
@click.argument("code", required=False, shell_complete=_codes)
@options.json_option
@taking(ExplainOptions)
def command(given: ExplainOptions) -> None:
    """Say what a code means, how it shows, what to do next, and what to send to whom. Without CODE: all of them.

    \b
    axpair explain AX302
    axpair explain AX302 --lang zh
    axpair explain
    """
    from axpair_host import render
    from axpair_host.codebook import entries, find, near_misses
    from axpair_host.diagnosis.ladder import CODES

    if given.code is None:
        if given.as_json:
            documents = [{**one.document(), "looked_for": one.code in CODES} for one in entries().values()]
            print_document({"schema_version": 1, "codes": documents})
        else:
            render.all_entries(entries().values(), CODES)
        return
    entry = find(given.code)
    if entry is None:
        near = near_misses(given.code)
        raise UsageError(
            say("there is no code {code!r}", code=given.code)
            + (say("; near it: {codes}", codes=", ".join(near)) if near else ""),
            next_step=calling("axpair", "explain", text="all codes:"),
        )
    if given.as_json:
        print_document({"schema_version": 1, **entry.document(), "looked_for": entry.code in CODES})
    else:
        render.entry(entry, entry.code in CODES)
