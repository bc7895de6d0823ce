"""What a reduction left, for people."""

from collections.abc import Mapping
from typing import Any

from axpair_proto.lines import aligned, bold, coloured, dim, fitted, paragraph, plain
from axpair_proto.printing import print_line, print_lines
from axpair_proto.text import first_names


def cases(document: Mapping[str, Any]) -> None:
    """Print a run's smallest subset on stdout."""
    kept, found = document["kept"], document["findings"]
    said = (
        f"{len(kept)} of {document['cases']} cases show every distinct finding."
        if kept
        else f"nothing was found in {document['cases']} cases: there is nothing to keep."
    )
    print_lines(paragraph(said, f"{coloured(document['verdict'])}  "))
    for one in found:
        signature = one["signature"]
        marks = f" ({', '.join(signature['marks'])})" if signature["marks"] else ""
        head = f"  {signature['code']} in {len(one['shown_by'])} cases, kept: {plain(one['kept'])}"
        print_lines(map(bold, paragraph(head.lstrip(), "  ")))
        print_lines(paragraph(f"{one['summary']}{marks}", "    "))
    for word, ids in (
        ("inconclusive without a finding", document["undecided"]),
        ("unusable", document["unusable"]),
        ("left out, their gt folders are gone", document["without_evidence"]),
        ("left out, their rows in run.sqlite are damaged", document["damaged"]),
    ):
        if ids:
            print_lines(map(dim, paragraph(f"{word} ({len(ids)}): {first_names(ids)}", rest="  ")))
    if document["out"]:
        print_lines(fitted([f"written: {document['out']} (see README.txt there)"]))


def part(document: Mapping[str, Any]) -> None:
    """Print what became of a model on stdout."""
    print_lines(paragraph(document["why"], f"{coloured(document['verdict'])}  "))
    left = document["part"]
    if left is not None:
        rows = [[plain(one["name"]), plain(one["kind"]), plain(one["output"])] for one in left["nodes"][:20]]
        print_lines(aligned(rows, "  "))
        for tensor in left["differs"]:
            most = "" if tensor["max_abs"] is None else f", by {tensor['max_abs']:.6g} at most"
            spoken = f"{tensor['differing']} of {tensor['elements']} elements differ{most}"
            print_lines(paragraph(spoken, f"  {plain(tensor['name'])}: ", "    "))
        if not left["at_most_a_tenth"]:
            print_line(dim(f"that is {left['share']:.0%} of the model: no smaller part fails"))
        print_lines(fitted([f"written: {left['folder']} (see README.txt there)"]))
    print_lines(fitted([dim(f"{document['trials']} models tried; log: {document['log']}")]))
