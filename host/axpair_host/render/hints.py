"""What a lint found, as people read it."""

from collections.abc import Mapping
from typing import Any

from axpair_proto.lines import aligned, bold, dim, paragraph, plain, step_lines
from axpair_proto.printing import print_line, print_lines
from axpair_proto.sentences import tr, translated

from axpair_host.render.numbers import cosine


def _code(one: Mapping[str, Any]) -> str:
    return f" ({one['code']})" if one["code"] else ""


def hints(document: Mapping[str, Any]) -> None:
    """Print on stdout."""
    document = translated(document)
    found = document["hints"]
    if not found:
        print_line(tr("Nothing odd was found in what was looked at."))
    elif len(found) == 1:
        print_line(bold(tr("1 hint; none is proven by itself")))
    else:
        print_line(bold(tr("{count} hints; none is proven by itself", count=len(found))))
    for place, one in enumerate(found, start=1):
        print_lines(paragraph(one["summary"], f"  {place}. {bold(one['kind'])}{_code(one)} ", "     "))
        print_lines(step_lines(one["prove"], "     "))
    if document["scores"]:
        print_line(bold(tr("joint against float model, on the emulator")))
        rows = [
            [plain(one["name"]), tr("your input") if one["case"] else "", cosine(one["worst"])]
            for one in document["scores"]
        ]
        print_lines(aligned(rows, "  "))
    for one in document["not_looked_at"]:
        lead = tr("not looked at, {what}: ", what=plain(one["what"]))
        print_lines(map(dim, paragraph(one["why"], f"  {lead}", "    ")))
    for step in document["next_steps"]:
        print_lines(step_lines(step, "  "))
