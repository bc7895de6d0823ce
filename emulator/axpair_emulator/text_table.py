"""Text tables in the styles that the toolchain's tables come in, which programs read; ours are `axpair_proto.lines`."""

from __future__ import annotations

from collections.abc import Sequence

from axpair_proto.lines import plain, width

STYLES = ("simple", "plain", "github", "tsv")


def table(rows: Sequence[Sequence[object]], head: Sequence[str] = (), style: str = "simple") -> str:
    """Left-aligned columns, two blanks apart; "simple" has dashes under the head, or above and below without one."""
    cells = [[plain(cell) for cell in row] for row in rows]
    every = [list(head), *cells] if head else cells
    if not every:
        return ""
    widths = [max(width(row[column]) for row in every) for column in range(len(every[0]))]

    def line(row: Sequence[str], between: str = "  ") -> str:
        return between.join(cell + " " * (room - width(cell)) for cell, room in zip(row, widths, strict=True))

    dashes = ["-" * room for room in widths]
    if style == "tsv":
        return "\n".join("\t".join(row) for row in every)
    if style == "github":
        shown = [list(head) if head else [""] * len(widths), dashes, *cells]
        return "\n".join(f"| {line(row, ' | ')} |" for row in shown)
    if style == "plain":
        shown = every
    elif head:
        shown = [list(head), dashes, *cells]
    else:
        shown = [dashes, *cells, dashes]
    return "\n".join(line(row).rstrip() for row in shown)
