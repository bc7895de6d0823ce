"""axpair demo: the whole story on a real model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from axpair_proto.command_line import Command
from axpair_proto.printing import print_aside, print_document

from axpair_host.cli import options
from axpair_host.cli.request import taking

DOES_NOT_HOLD = 70
"""Exit code of a demo whose story doesn't hold: a defect of ours."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What `axpair demo` is asked."""

    out: Path
    as_json: bool


@click.command("demo", cls=Command)
@click.option(
    "--out",
    type=options.PATH,
    default=Path("demo-out"),
    show_default=True,
    help="Where everything that the demo shows is left, to be looked at and used.",
)
@options.json_option
@taking(DemoOptions)
def command(given: DemoOptions) -> int:
    """Show a real classifier on a healthy board, on one with stale outputs, and with a wrong post-processor.

    The model is fetched and built on the first call and kept in the cache. Exits with 0 when every part of the story
    ends as it must, the injected faults included; with 70 otherwise.
    """
    from axpair_host.cli.progress import shown
    from axpair_host.demo.story import tell
    from axpair_host.demo.telling import Printed, Silent
    from axpair_host.documents.json_form import json_form

    teller = Silent() if given.as_json else Printed()
    story = tell(given.out, teller, shown)
    if isinstance(teller, Silent):
        cases: list[dict[str, Any]] = [
            {"id": f"{part.plot.name}/{one.page.id}", **json_form(one.document)}
            for part in story.parts
            for one in part.judged
        ]
        print_document({"schema_version": 1, "cases": cases})
    else:
        teller.end(story)
    if story.failing:
        print_aside(f"axpair: the demo's story does not hold: {story.failing}")
        return DOES_NOT_HOLD
    return 0
