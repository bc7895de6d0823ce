"""A pair document as people read it: the verdict in words, the outputs in a table, findings, next steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from axpair_proto.lines import aligned, bold, coloured, dim, paragraph, plain, step_lines, width
from axpair_proto.printing import print_lines, speech
from axpair_proto.sentences import say, tr, translated
from axpair_proto.text import json_text
from msgspec.structs import asdict

from axpair_host.documents.pair import FindingRow, OutputRow, Pair, PairDocument
from axpair_host.documents.steps import NextStep
from axpair_host.render.decisions import decision_lines
from axpair_host.render.numbers import beside_words, own_line, relation
from axpair_host.render.switches import switch_lines

OWNERS = {
    "none": say("nowhere"),
    "model": say("in the float model"),
    "config": say("in the Pulsar configuration"),
    "calibration": say("in the calibration data"),
    "preprocess": say("in the preparation of the input"),
    "postprocess": say("in the post-processor"),
    "application": say("in the program around the model"),
    "quantization": say("in quantisation"),
    "toolchain": say("in the compiler or the NPU simulator"),
    "board": say("on the board (driver, runtime library or hardware)"),
    "setup": say("in the set-up of this board"),
    "harness": say("in the harness, or in what it was given"),
    "unknown": say("where isn't decided yet"),
}
"""Where it arises, in words; never who is guilty."""

SIDES = {
    "customer": say("yours to mend"),
    "axera": say("for AX engineers"),
    "undecided": say("not decided whose"),
}
STAGES = {"conversion": say("conversion"), "on_board": say("on the board"), "application": say("application")}
_PAIRS: Sequence[tuple[Pair, str]] = (
    ("joint_board", "joint-board"),
    ("onnx_joint", "onnx-joint"),
    ("onnx_lava", "onnx-lava"),
    ("lava_joint", "lava-joint"),
    ("golden_onnx", "golden-onnx"),
)


def verdict(document: PairDocument[NextStep]) -> None:
    """Print a pair document on stdout."""
    print_lines(verdict_lines(document, figures=speech.verbose))


def verdict_lines(document: PairDocument[NextStep], *, figures: bool = False) -> list[str]:
    """The lines, with colors that `axpair_proto.printing` strips where the output takes none.

    `figures`: with what each finding rests on, with versions and times.
    """
    document = translated(document)
    lead = f"{coloured(str(document.verdict))}  "
    lines: list[str] = []
    for sentence in _headlines(document):
        lines += paragraph(sentence, " " * width(lead) if lines else lead, " " * width(lead))
    lines += aligned(_facts(document))
    if document.outputs:
        lines += ["", *_outputs(document.outputs)]
        for output in document.outputs:
            lines += _held(output)
            lines += [line for held in output.lines or () for line in own_line(held)]
    if document.decisions is not None:
        lines += ["", *decision_lines(document.decisions)]
    for title, found in ((tr("findings"), document.findings), (tr("warnings"), document.warnings)):
        if found:
            lines += ["", bold(title)]
            for place, one in enumerate(found, start=1):
                lines += _finding(place, one, figures=figures)
    if document.switches:
        lines += ["", bold(tr("switches of the board")), *switch_lines(document.switches)]
    if document.not_judged:
        lines += ["", bold(tr("not judged"))]
        for open_ in document.not_judged:
            lines += paragraph(open_.why, f"  {plain(open_.what)}: ", "    ")
            for step in open_.next_steps:
                lines += step_lines(asdict(step), "    ")
    for step in document.next_steps:
        lines += step_lines(asdict(step), "  ")
    if figures:
        lines += ["", bold(tr("versions")), *_figures(document.versions, "  ")]
        lines += ["", bold(tr("seconds")), *_figures(document.timings, "  ")]
    return lines


def _headlines(document: PairDocument[NextStep]) -> list[str]:
    """What a person sees first, and a sentence for each thing that is wrong by itself."""
    if document.verdict == "PASS":
        return [tr("Nothing wrong was found in what was judged.")]
    findings = {one.code: one for one in reversed(document.findings)}
    told = [_headline([findings[code] for code in codes]) for codes in document.headlines]
    return [*document.seen_first, *(told or [tr("The evidence doesn't decide it; what is missing stands below.")])]


def _headline(alike: Sequence[FindingRow[NextStep]]) -> str:
    """Of findings that the same evidence fits."""
    titles = [one.headline for one in alike]
    names = [tr("{title} ({code})", title=title, code=one.code) for title, one in zip(titles, alike, strict=True)]
    named = tr(" or ").join([names[0], *(name[0].lower() + name[1:] for name in names[1:])])
    if alike[0].weight != "fault":
        return tr(
            "It looks like {code} ({title}), and more evidence is needed.",
            code=alike[0].code,
            title=titles[0],
        )
    owners = {one.owner for one in alike}
    if len(owners) == 1 and (owner := alike[0].owner) != "unknown":
        return tr("{named}: it arises {where}.", named=named, where=OWNERS.get(owner, owner))
    return tr("{named}: {undecided}.", named=named, undecided=OWNERS["unknown"])


def _facts(document: PairDocument[NextStep]) -> list[list[str]]:
    rows = []
    if document.findings:
        first = document.findings[0]
        rows.append([tr("code"), tr(" or ").join(map(str, document.headlines[0]))])
        owner, side = document.owner, document.side or ""
        whose = translated(SIDES.get(side, side))
        rows.append([tr("owner"), owner if owner == "none" else tr("{owner} ({whose})", owner=owner, whose=whose)])
        rows.append([tr("stage"), translated(STAGES.get(first.stage, str(first.stage)))])
    rows.append([tr("case"), plain(document.case or "-")])
    rows.append([tr("simulator"), plain(document.simulator or tr("unknown"))])
    board = document.board
    rows.append([tr("board"), plain(board.url) if board is not None else tr("not recorded")])
    return rows


def _outputs(outputs: Sequence[OutputRow]) -> list[str]:
    pairs = [(key, title) for key, title in _PAIRS if any(output.comparison(key) is not None for output in outputs)]
    head = [tr("output"), tr("shape"), *(title for _, title in pairs)]
    rows = [
        [
            plain(output.name),
            "x".join(map(str, output.shape)),
            *(relation(output.comparison(key)) for key, _ in pairs),
        ]
        for output in outputs
    ]
    return aligned(rows, head=head)


def _held(output: OutputRow) -> list[str]:
    """What an output holds, and the measures that say something of it, where its cosine alone would not."""
    for pair, compared in (("onnx-joint", output.onnx_joint), ("onnx-lava", output.onnx_lava)):
        if compared is not None:
            told = beside_words(compared)
            return paragraph(f"{told} ({pair})", f"  {plain(output.name)}: ", "    ") if told else []
    return []


def _finding(place: int, one: FindingRow[NextStep], *, figures: bool) -> list[str]:
    lines = paragraph(tr("{title}.", title=one.title), f"  {place}. {bold(one.code)} ", "     ")
    lines += paragraph(one.summary, "     ")
    lines += paragraph(_standing(one), "     ")
    if one.cosine_if_fixed is not None:
        mended = tr("If this alone were mended: cosine {cosine:.4f}.", cosine=one.cosine_if_fixed)
        lines += paragraph(mended, "     ")
    if figures:
        lines += _figures(one.evidence, "     ")
    for step in one.next_steps:
        lines += step_lines(asdict(step), "     ")
    return lines


def _figures(figures: Mapping[str, Any], indent: str) -> list[str]:
    """Names and values; what is a structure in itself in JSON's words."""
    rows = [
        [dim(plain(name)), plain(value if isinstance(value, str | float) else json_text(value, indent=None))]
        for name, value in figures.items()
    ]
    return aligned(rows, indent)


def _standing(one: FindingRow[NextStep]) -> str:
    if one.weight == "warning":
        return tr("A warning: it doesn't change the verdict.")
    if one.by_vendor == "same" and not one.proven:
        return tr("A hint, not proven. That it isn't our own worker on the board is: run_joint shows it too.")
    if one.by_vendor == "right" and one.owner == "harness":
        return tr("It arises in our own worker: run_joint is right on the same board.")
    if not one.proven:
        return tr("A hint, not proven.")
    if one.code == "AX307" and one.evidence.get("by_log"):
        return tr("Seen in the log of the run.")
    if one.code == "AX307" and not one.owner_proven:
        return tr(
            "Seen by the agent. That it isn't our own worker on the board would be shown by run_joint failing too."
        )
    if not one.owner_proven:
        return tr(
            "The explanation is proven by the bytes. That it isn't our own worker on the board would be shown by "
            "run_joint giving the same bytes there."
        )
    return tr("Proven.")
