"""Writes the generated documents: docs/faults.md from the fault book, docs/commands.md from the commands' own help,
docs/schema/*.json from the structs of the documents.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from axpair_host.advice.commands import general
from axpair_host.cli import axpair
from axpair_host.codebook import Entry, entries

from docs.schemas import schemas

DOCS = Path(__file__).parent
HEAD = "<!-- Made by `make docs`; edit the source, not this page. -->\n"


def faults() -> str:
    """The fault book as a page: a table of all codes, then an entry each."""
    book = entries()
    rows = [
        f"| [{code}](#{code.lower()}) | {', '.join(entry.owners)} | {entry.title} |" for code, entry in book.items()
    ]
    table = "\n".join(["| code | where it arises | finding |", "|---|---|---|", *rows])
    return "\n\n".join([HEAD + "# The fault book", INTRODUCTION, table, *map(_entry, book.values())]) + "\n"


INTRODUCTION = """Every finding of `axpair` carries one of these codes. A code is never reused. `axpair explain CODE`
prints its entry; [whose-fault.md](whose-fault.md) has the questions in the order in which they are asked, and says
which of them are asked so far."""


def _entry(entry: Entry) -> str:
    steps = "\n".join(f"1. {_step(general(step))}" for step in entry.next_steps)
    return f"""## {entry.code}

**{entry.title}** ({entry.zh_title})

Where it arises: {", ".join(entry.owners)}. Stage: {entry.stage.replace("_", " ")}. Who goes on: {entry.side}.

{entry.meaning}

How it is recognised: {entry.shows}

{steps}

What to send: {entry.send}"""


def _step(step: Mapping[str, Any]) -> str:
    return f"{step['text']} `{step['command']}`" if step["command"] else str(step["text"])


def commands() -> str:
    """Every command's help, as a terminal of 110 columns shows it."""
    pages = [f"## {path}\n\n```text\n{text}\n```" for path, text in _helps(axpair, "axpair", None)]
    return "\n\n".join([HEAD + "# Commands", *pages]) + "\n"


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=110, max_content_width=110)
    yield context.command_path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _helps(found, child, context)


def main() -> None:
    """Write all of them."""
    (DOCS / "faults.md").write_text(faults(), encoding="utf-8")
    (DOCS / "commands.md").write_text(commands(), encoding="utf-8")
    (DOCS / "schema").mkdir(exist_ok=True)
    for name, text in schemas():
        (DOCS / "schema" / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
