"""What a lint found, as people read it."""

from collections.abc import Mapping
from typing import Any

from axpair_proto.lines import aligned, bold, dim, paragraph, plain, step_lines
from axpair_proto.printing import print_line, print_lines

from axpair_host.render.numbers import cosine


def _code(one: Mapping[str, Any]) -> str:
    return f" ({one['code']})" if one["code"] else ""


def hints(document: Mapping[str, Any]) -> None:
    """Print on stdout."""
    found = document["hints"]
    if not found:
        print_line("Nothing odd was found in what was looked at.")
    else:
        number = len(found)
        print_line(bold(f"{number} hint{'s' if number > 1 else ''}; none is proven by itself"))
    for place, one in enumerate(found, start=1):
        print_lines(paragraph(one["summary"], f"  {place}. {bold(one['kind'])}{_code(one)} ", "     "))
        print_lines(step_lines(one["prove"], "     "))
    if document["scores"]:
        print_line(bold("joint against float model, on the emulator"))
        rows = [
            [plain(one["name"]), "your input" if one["case"] else "", cosine(one["worst"])]
            for one in document["scores"]
        ]
        print_lines(aligned(rows, "  "))
    for one in document["not_looked_at"]:
        print_lines(map(dim, paragraph(one["why"], f"  not looked at, {plain(one['what'])}: ", "    ")))
    for step in document["next_steps"]:
        print_lines(step_lines(step, "  "))
