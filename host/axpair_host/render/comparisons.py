"""Two collections of tensors side by side."""

from collections.abc import Mapping
from typing import Any

from axpair_proto.lines import aligned, coloured, paragraph, plain
from axpair_proto.printing import print_lines

from axpair_host.render.numbers import cosine, number


def comparisons(document: Mapping[str, Any]) -> None:
    """Print what `axpair compare` found on stdout."""
    tensors = document["tensors"]
    differing = sum(1 for one in tensors if not one["as_asked"])
    word = document["verdict"]
    asked = document["asked"]
    if differing:
        spoken = f"{differing} of {len(tensors)} tensors are not {asked}."
    else:
        spoken = f"{len(tensors)} tensors, all {asked}{' or stricter' if asked != 'IDENTICAL' else ''}."
    print_lines(paragraph(spoken, f"{coloured(word)}  "))
    head = ["tensor", "relation", "cosine", "2-norm RE", "max abs", "differing", "atol that would pass"]
    rows = [
        [
            plain(one["name"]),
            coloured(one["relation"]),
            cosine(one["cosine"]),
            number(one["relative_error"]),
            number(one["max_abs"]),
            f"{one['differing']}/{one['elements']}",
            number(one["passing_atol"]),
        ]
        for one in tensors
    ]
    print_lines(aligned(rows, head=head))
    for one in tensors:
        for note in (one.get("reason"), one.get("note"), *map(_slice, one.get("slices", [])[:3])):
            if note:
                print_lines(paragraph(note, f"  {plain(one['name'])}: ", "    "))


def _slice(part: Mapping[str, Any]) -> str:
    low, high = part["range"]
    fate = "is zero in the second" if part["vanished"] else f"has cosine {part['cosine']:.4f}"
    return f"slice {part['index']} of axis {part['axis']} ({low:.4g}..{high:.4g} in the first) {fate}"
