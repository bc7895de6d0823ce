"""A pair document as people read it: the verdict in words, the outputs in a table, findings, next steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from axpair_proto.lines import aligned, bold, coloured, dim, paragraph, plain, step_lines, width
from axpair_proto.printing import print_lines, speech
from axpair_proto.text import json_text

from axpair_host.render.decisions import decision_lines
from axpair_host.render.numbers import relation
from axpair_host.render.switches import switch_lines

OWNERS = {
    "none": "nowhere",
    "model": "in the float model",
    "config": "in the Pulsar configuration",
    "calibration": "in the calibration data",
    "preprocess": "in the preparation of the input",
    "postprocess": "in the post-processor",
    "application": "in the program around the model",
    "quantization": "in quantisation",
    "toolchain": "in the compiler or the NPU simulator",
    "board": "on the board (driver, runtime library or hardware)",
    "setup": "in the set-up of this board",
    "harness": "in the harness, or in what it was given",
    "unknown": "where isn't decided yet",
}
"""Where it arises, in words; never who is guilty."""

SIDES = {"customer": "yours to mend", "axera": "for AX engineers", "undecided": "not decided whose"}
_STAGES = {"conversion": "conversion", "on_board": "on the board", "application": "application"}
_PAIRS = (
    ("joint_board", "joint-board"),
    ("onnx_joint", "onnx-joint"),
    ("onnx_lava", "onnx-lava"),
    ("lava_joint", "lava-joint"),
    ("golden_onnx", "golden-onnx"),
)


def verdict(document: Mapping[str, Any]) -> None:
    """Print a pair document on stdout."""
    print_lines(verdict_lines(document, figures=speech.verbose))


def verdict_lines(document: Mapping[str, Any], *, figures: bool = False) -> list[str]:
    """The lines, with colors that `axpair_proto.printing` strips where the output takes none.

    `figures`: with what each finding rests on, with versions and times.
    """
    lead = f"{coloured(str(document['verdict']))}  "
    lines: list[str] = []
    for sentence in _headlines(document):
        lines += paragraph(sentence, " " * width(lead) if lines else lead, " " * width(lead))
    lines += aligned(_facts(document))
    if document["outputs"]:
        lines += ["", *_outputs(document["outputs"])]
    if document.get("decisions"):
        lines += ["", *decision_lines(document["decisions"])]
    for title, key in (("findings", "findings"), ("warnings", "warnings")):
        if document.get(key):
            lines += ["", bold(title)]
            for place, one in enumerate(document[key], start=1):
                lines += _finding(place, one, with_steps=key == "findings")
                if figures:
                    lines += _figures(one["evidence"], "     ")
    if document.get("switches"):
        lines += ["", bold("switches of the board"), *switch_lines(document["switches"])]
    if document["not_judged"]:
        lines += ["", bold("not judged")]
        for one in document["not_judged"]:
            lines += paragraph(one["why"], f"  {plain(one['what'])}: ", "    ")
            for step in one["next_steps"]:
                lines += step_lines(step, "    ")
    for step in document["next_steps"]:
        lines += step_lines(step, "  ")
    if figures:
        for title, rows in (("versions", document["versions"]), ("seconds", document["timings"])):
            lines += ["", bold(title), *_figures(rows, "  ")]
    return lines


def _headlines(document: Mapping[str, Any]) -> list[str]:
    """What a person sees first, and a sentence for each thing that is wrong by itself."""
    if document["verdict"] == "PASS":
        return ["Nothing wrong was found in what was judged."]
    findings = {one["code"]: one for one in reversed(document["findings"])}
    told = [_headline([findings[code] for code in codes]) for codes in document["headlines"]]
    return [*document["seen_first"], *(told or ["The evidence doesn't decide it; what is missing stands below."])]


def _headline(alike: Sequence[Mapping[str, Any]]) -> str:
    """Of findings that the same evidence fits."""
    names = [f"{one['title']} ({one['code']})" for one in alike]
    named = " or ".join([names[0], *(name[0].lower() + name[1:] for name in names[1:])])
    if alike[0]["weight"] != "fault":
        return f"It looks like {alike[0]['code']} ({alike[0]['title']}), and more evidence is needed."
    owners = {one["owner"] for one in alike}
    where = OWNERS.get(owner, owner) if len(owners) == 1 and (owner := alike[0]["owner"]) != "unknown" else ""
    return f"{named}: it arises {where}." if where else f"{named}: {OWNERS['unknown']}."


def _facts(document: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    if document["findings"]:
        first = document["findings"][0]
        rows.append(["code", " or ".join(map(str, document["headlines"][0]))])
        owner, side = document["owner"], document["side"]
        rows.append(["owner", owner if owner == "none" else f"{owner} ({SIDES.get(side, side)})"])
        rows.append(["stage", _STAGES.get(first["stage"], str(first["stage"]))])
    rows.append(["case", plain(document.get("case") or "-")])
    rows.append(["simulator", plain(document["simulator"] or "unknown")])
    board = document.get("board")
    rows.append(["board", plain(board["url"]) if board else "not recorded"])
    return rows


def _outputs(outputs: Sequence[Mapping[str, Any]]) -> list[str]:
    pairs = [(key, title) for key, title in _PAIRS if any(output[key] is not None for output in outputs)]
    head = ["output", "shape", *(title for _, title in pairs)]
    rows = [
        [plain(output["name"]), "x".join(map(str, output["shape"])), *(relation(output[key]) for key, _ in pairs)]
        for output in outputs
    ]
    return aligned(rows, head=head)


def _finding(place: int, one: Mapping[str, Any], with_steps: bool) -> list[str]:
    lines = paragraph(f"{one['title']}.", f"  {place}. {bold(one['code'])} ", "     ")
    lines += paragraph(one["summary"], "     ")
    lines += paragraph(_standing(one), "     ")
    if one["cosine_if_fixed"] is not None:
        lines += paragraph(f"If this alone were mended: cosine {one['cosine_if_fixed']:.4f}.", "     ")
    if with_steps:
        for step in one["next_steps"]:
            lines += step_lines(step, "     ")
    return lines


def _figures(figures: Mapping[str, Any], indent: str) -> list[str]:
    """Names and values; what is a structure in itself in JSON's words."""
    rows = [
        [dim(plain(name)), plain(value if isinstance(value, str | float) else json_text(value, indent=None))]
        for name, value in figures.items()
    ]
    return aligned(rows, indent)


def _standing(one: Mapping[str, Any]) -> str:
    if one["weight"] == "warning":
        return "A warning: it doesn't change the verdict."
    if one.get("by_vendor") == "same" and not one["proven"]:
        return "A hint, not proven. That it isn't our own worker on the board is: run_joint shows it too."
    if one.get("by_vendor") == "right" and one["owner"] == "harness":
        return "It arises in our own worker: run_joint is right on the same board."
    if not one["proven"]:
        return "A hint, not proven."
    if one["code"] == "AX307" and not one["owner_proven"]:
        return "Seen by the agent. That it isn't our own worker on the board would be shown by run_joint failing too."
    if not one["owner_proven"]:
        return (
            "The explanation is proven by the bytes. That it isn't our own worker on the board would be shown by "
            "run_joint giving the same bytes there."
        )
    return "Proven."
