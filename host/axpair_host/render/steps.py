"""What to do next, as people read it: a sentence, and below it the command, to be pasted."""

from collections.abc import Mapping
from typing import Any

from axpair_proto.advice import explained, folded

from axpair_host.render.lines import columns, paragraph


def step_lines(step: Mapping[str, Any], indent: str, mark: str = "next: ") -> list[str]:
    """Of a step as documents hold it: {"text", "command", "placeholders"}."""
    first, rest = indent + mark, " " * len(indent + mark)
    said = explained(step["text"], step["placeholders"])
    if not step["command"]:
        return paragraph(said, first, rest)
    lines = folded(step["command"], columns() - len(rest) - 2)
    return [*paragraph(said, first, rest), *(f"{rest}  {line}" for line in lines)]
