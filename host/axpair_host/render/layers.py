"""Layers as people read them: a table that fits the terminal, and what it says in sentences."""

from collections.abc import Sequence

from axpair_proto.lines import aligned, bold, coloured, dim, paragraph, plain, shortened, width
from axpair_proto.printing import print_line, print_lines
from axpair_proto.sentences import say, tr, translated
from axpair_proto.terminal import columns

from axpair_host.documents.layers import (
    BisectionDocument,
    CompiledError,
    LayerRow,
    LayerScore,
    LayersDocument,
    SixteenTrial,
    TensorDifference,
)
from axpair_host.render.numbers import cosine
from axpair_host.scoring.costs import STAGES

SHOWN = 20
"""Rows without --all."""
_LEAST_NAMES = 20
"""Columns that name and operator have together at least."""


def layers(document: LayersDocument, *, every: bool) -> None:
    """Print the worst layers, or every one in order, on stdout."""
    document = translated(document)
    rows = document.layers
    numbered = list(enumerate(rows, start=1))
    none = {one.number for one in document.without_cosine}
    shown = numbered if every else sorted(numbered, key=lambda one: (one[0] not in none, _badness(one[1])))[:SHOWN]
    print_lines(_summary(document))
    table = []
    for number, row in shown:
        scores = [_cell(row.score(stage), number in none) for stage in _stages(rows)]
        of_own = _percent(row.own) if _has_own_error(rows) else _cell(row.own, number in none)
        own = [of_own] if _has_own(rows) else []
        table.append(
            [
                _mark(document, number),
                str(number),
                plain(row.name),
                plain(row.kind),
                *scores,
                *own,
                *([_steps(row.compiled)] if _has_compiled(rows) else []),
                ", ".join(cause.kind for cause in row.causes),
            ]
        )
    print_lines(_fitted(table, ["", "#", "layer", "operator", *_columns(rows), ""]))
    if len(shown) < len(rows):
        said = tr("the worst {count} of {of} layers; --all shows every one in order", count=len(shown), of=len(rows))
        print_line(dim(said))
    for row in [one for _, one in shown if one.causes][:3]:
        for cause in row.causes:
            print_lines(paragraph(cause.words, f"  {plain(row.name)}: ", "    "))


def bisection(document: BisectionDocument) -> None:
    """Print what a bisection came to on stdout."""
    document = translated(document)
    found = document.bisection
    print_lines(paragraph(found.why, f"{coloured(document.verdict)}  "))
    for tensor in found.differs:
        spoken = tr("; ").join([differing(tensor), *tensor.signature])
        print_lines(paragraph(spoken, f"  {plain(tensor.name)}: ", "    "))
    if len(found.nodes) > 1:
        print_line(bold(tr("The fault lies among:")))
        print_lines(aligned([[plain(one.name), plain(one.kind)] for one in found.nodes], "  "))
    tried, expected = len(found.trials), found.expected_trials
    print_line(dim(tr("{count} models tried, at most {expected} expected", count=tried, expected=expected)))


def differing(tensor: TensorDifference) -> str:
    """How many elements of a tensor differ, and by how much."""
    values = {"differing": tensor.differing, "elements": tensor.elements}
    if tensor.max_abs is None:
        return tr("{differing} of {elements} elements differ", **values)
    return tr("{differing} of {elements} elements differ, by {most:.6g} at most", **values, most=tensor.max_abs)


def _summary(document: LayersDocument) -> list[str]:
    line, reference = document.line, document.reference
    first, worst = document.first_below, document.costliest
    stage = tr("own cosine") if document.first_below_stage == "own" else document.first_below_stage
    word = f"{coloured(document.verdict)}  "
    margin = " " * width(word)
    none = document.without_cosine
    if first is not None and first in none:
        said = tr(
            "{name!r} ({kind}) has no cosine (nan), and is the first that misses the line {line:g} against "
            "{reference}{more}.",
            name=first.name,
            kind=first.kind or tr("layer"),
            line=line,
            reference=reference,
            more=say("; {count} layers have none", count=len(none)) if len(none) > 1 else "",
        )
    elif first is not None:
        said = tr(
            "{name!r} ({kind}) is the first whose {stage} is below {line:g} against {reference}.",
            name=first.name,
            kind=first.kind or tr("layer"),
            stage=stage,
            line=line,
            reference=reference,
        )
    else:
        said = tr(
            "no layer's {stage} is below {line:g} against {reference}.", stage=stage, line=line, reference=reference
        )
    lines = paragraph(said, word)
    if first is not None and document.outputs and not any(one.lost for one in document.outputs):
        remark = tr("A remark: no output shows a loss, so what is lost there isn't missed at the end.")
        lines += paragraph(remark, margin)
    for one in document.outputs:
        if one.lost:
            lost = tr("The output {name!r} shows a loss: {why}.", name=one.name, why=one.lost)
            lines += paragraph(lost, margin)
        elif one.doubt:
            doubt = tr("The output {name!r} may have lost what its cosine hides: {why}.", name=one.name, why=one.doubt)
            lines += paragraph(doubt, margin)
    if worst is not None:
        costs = tr(
            "{name!r} ({kind}) costs most of its own, {part:.0%} of all layers' own error{spread}.",
            name=worst.name,
            kind=worst.kind or worst.node,
            part=worst.share,
            spread="" if worst.stands_out else say("; the loss is spread, no layer stands out"),
        )
        lines += paragraph(costs, margin)
    if (entry := document.enters_at) is not None:
        cause = entry.cause
        enters = tr("It enters at {name!r} ({kind}): {why}.", name=entry.name, kind=entry.kind, why=cause.words)
        lines += paragraph(enters, margin)
        lines += paragraph(cause.mend, f"{margin}{tr('next: ')}")
    for layer in document.miscompiled[:3]:
        wrong = tr(
            "{name!r} ({node}) is compiled wrongly (AX202): fed with the quantised model's own codes it is off by more "
            "than rounding.",
            name=layer.name,
            node=layer.node,
        )
        lines += paragraph(wrong, margin)
    trial = document.int16
    if trial is not None:
        gone = tr("; ").join(_change(name, trial) for name in trial.before)
        values = {"layer": trial.layer, "gone": gone}
        if trial.brought_back:
            said = tr("16 bit in {layer!r} brings it back: {gone}.", **values)
        elif trial.lost:
            said = tr("16 bit in {layer!r} doesn't bring it back: {gone}.", **values)
        else:
            said = tr("16 bit in {layer!r} has nothing to bring back: {gone}.", **values)
        lines += paragraph(said, margin)
    return lines


def _change(name: str, trial: SixteenTrial) -> str:
    before, after = trial.told[name]
    if "," in before or trial.before[name] is None:
        return f"{name}: {before} -> {after}"
    return f"{name} {cosine(trial.before[name])} -> {cosine(trial.after[name])}"


def _badness(row: LayerRow) -> tuple[bool, float, float]:
    compiled = row.compiled
    reached = [score.cosine for stage in STAGES if (score := row.score(stage)) is not None]
    known = [value for value in reached if value is not None]
    return not (compiled and compiled.at_fault), -row.own_loss, min(known, default=2.0)


def _stages(rows: Sequence[LayerRow]) -> list[str]:
    return [stage for stage in ("lava_joint", "joint") if any(row.score(stage) is not None for row in rows)]


def _has_own(rows: Sequence[LayerRow]) -> bool:
    return any(row.own is not None for row in rows)


def _has_own_error(rows: Sequence[LayerRow]) -> bool:
    """Whether relative errors are known; pulsar2's table has cosines alone."""
    return any(row.own is not None and row.own.relative_error is not None for row in rows)


def _columns(rows: Sequence[LayerRow]) -> list[str]:
    """Heads of the scores: cosines end to end, the layer's own 2-norm relative error, what compilation adds to it."""
    own = [(tr("own RE") if _has_own_error(rows) else tr("own cosine"))] if _has_own(rows) else []
    return [*_stages(rows), *own, *([tr("J-Q steps")] if _has_compiled(rows) else [])]


def _has_compiled(rows: Sequence[LayerRow]) -> bool:
    return any(row.compiled is not None for row in rows)


def _steps(compiled: CompiledError | None) -> str:
    if compiled is None:
        return "-"
    return f"{compiled.max_steps:g}{' !' if compiled.at_fault else ''}"


def _mark(document: LayersDocument, number: int) -> str:
    first, worst = document.first_below, document.costliest
    marks = "<" if first is not None and first.number == number else ""
    return marks + ("*" if worst is not None and worst.number == number else "")


def _cell(score: LayerScore | None, is_nan: bool) -> str:
    if score is not None and score.cosine is None and is_nan:
        return "nan"
    return cosine(score.cosine) if score is not None else "-"


def _percent(score: LayerScore | None) -> str:
    if score is None or score.relative_error is None:
        return "-"
    return f"{score.relative_error:.2%}"


def _fitted(table: Sequence[Sequence[str]], head: Sequence[str]) -> list[str]:
    """The table, its names and operators as short as the terminal wants them."""
    columns_of = [[word for cell in column for word in cell.split()] for column in zip(head, *table, strict=True)]
    taken = [max(map(width, words), default=0) for words in columns_of]
    room = max(columns() - sum(taken[:2]) - sum(taken[4:]) - 2 * (len(taken) - 1), _LEAST_NAMES)
    kinds = min(taken[3], max(room // 3, room - taken[2], width(head[3])))
    rows = [[*row[:2], shortened(row[2], room - kinds), shortened(row[3], kinds), *row[4:]] for row in table]
    return aligned(rows, head=head)
