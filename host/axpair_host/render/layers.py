"""Layers as people read them: a table that fits the terminal, and what it says in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from axpair_proto.lines import aligned, bold, coloured, dim, paragraph, plain, shortened, width
from axpair_proto.printing import print_line, print_lines
from axpair_proto.terminal import columns

from axpair_host.layers.costs import STAGES
from axpair_host.render.numbers import cosine

SHOWN = 20
"""Rows without --all."""
_LEAST_NAMES, _LEAST_CAUSES = 24, 24
"""Columns that name and operator have together at least, and what is said of the causes."""


def layers(document: Mapping[str, Any], *, every: bool) -> None:
    """Print the worst layers, or every one in order, on stdout."""
    rows: Sequence[Mapping[str, Any]] = document["layers"]
    numbered = list(enumerate(rows, start=1))
    shown = numbered if every else sorted(numbered, key=lambda one: _badness(one[1]))[:SHOWN]
    print_lines(_summary(document))
    table = []
    for number, row in shown:
        scores = [_cell(row.get(stage)) for stage in _stages(rows)]
        own = [_percent(row["own"]) if _has_own_error(rows) else _cell(row["own"])] if _has_own(rows) else []
        table.append(
            [
                _mark(document, number),
                str(number),
                plain(row["name"]),
                plain(row["kind"]),
                *scores,
                *own,
                *([_steps(row["compiled"])] if _has_compiled(rows) else []),
                ", ".join(cause["kind"] for cause in row["causes"]),
            ]
        )
    print_lines(_fitted(table, ["", "#", "layer", "operator", *_columns(rows), ""]))
    if len(shown) < len(rows):
        print_line(dim(f"the worst {len(shown)} of {len(rows)} layers; --all shows every one in order"))
    for row in [one for _, one in shown if one["causes"]][:3]:
        for cause in row["causes"]:
            print_lines(paragraph(cause["words"], f"  {plain(row['name'])}: ", "    "))


def bisection(document: Mapping[str, Any]) -> None:
    """Print what a bisection came to on stdout."""
    found = document["bisection"]
    print_lines(paragraph(found["why"], f"{coloured(document['verdict'])}  "))
    for tensor in found["differs"]:
        said = f"; {'; '.join(tensor['signature'])}" if tensor["signature"] else ""
        most = "" if tensor["max_abs"] is None else f", by {tensor['max_abs']:.6g} at most"
        spoken = f"{tensor['differing']} of {tensor['elements']} elements differ{most}{said}"
        print_lines(paragraph(spoken, f"  {plain(tensor['name'])}: ", "    "))
    if len(found["nodes"]) > 1:
        print_line(bold("The fault lies among:"))
        print_lines(aligned([[plain(one["name"]), plain(one["kind"])] for one in found["nodes"]], "  "))
    print_line(dim(f"{len(found['trials'])} models tried, at most {found['expected_trials']} expected"))


def _summary(document: Mapping[str, Any]) -> list[str]:
    line, reference = document["line"], document["reference"]
    first, worst = document["first_below"], document["costliest"]
    stage = {"own": "own cosine"}.get(document["first_below_stage"], document["first_below_stage"])
    word = f"{coloured(document['verdict'])}  "
    if first is not None:
        said = f"{first['name']!r} ({first['kind'] or 'layer'}) is the first whose {stage} is below {line:g} "
        lines = paragraph(f"{said}against {reference}.", word)
    else:
        lines = paragraph(f"no layer's {stage} is below {line:g} against {reference}.", word)
    if worst is not None:
        stands = "" if worst["stands_out"] else "; the loss is spread, no layer stands out"
        lines += paragraph(
            f"{worst['name']!r} ({worst['kind'] or worst['node']}) costs most of its own, {worst['share']:.0%} of all "
            f"layers' own error{stands}.",
            "      ",
        )
    if (entry := document["enters_at"]) is not None:
        cause = entry["cause"]
        lines += paragraph(f"It enters at {entry['name']!r} ({entry['kind']}): {cause['words']}.", "      ")
        lines += paragraph(f"{cause['mend'][0].upper()}{cause['mend'][1:]}.", "      next: ", "            ")
    for one in document["miscompiled"][:3]:
        lines += paragraph(
            f"{one['name']!r} ({one['node']}) is compiled wrongly (AX202): fed with the quantised model's own codes "
            "it is off by more than rounding.",
            "      ",
        )
    trial = document["int16"]
    if trial is not None:
        gone = ", ".join(
            f"{name} {cosine(before)} -> {cosine(trial['after'][name])}" for name, before in trial["before"].items()
        )
        needed = any(before is not None and before < line for before in trial["before"].values())
        lost = "doesn't bring it back" if needed else "has nothing to bring back"
        said = "brings it back" if trial["brought_back"] else lost
        lines += paragraph(f"16 bit in {trial['layer']!r} {said}: {gone}.", "      ")
    return lines


def _badness(row: Mapping[str, Any]) -> tuple[bool, float, float]:
    own, compiled = row["own"], row["compiled"]
    reached = [score["cosine"] for stage in STAGES if (score := row[stage]) is not None]
    known = [value for value in reached if value is not None]
    return not (compiled or {}).get("at_fault"), -((own or {}).get("relative_error") or 0.0), min(known, default=2.0)


def _stages(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [stage for stage in ("lava_joint", "joint") if any(row[stage] is not None for row in rows)]


def _has_own(rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(row["own"] is not None for row in rows)


def _has_own_error(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether relative errors are known; pulsar2's table has cosines alone."""
    return any((row["own"] or {}).get("relative_error") is not None for row in rows)


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Heads of the scores: cosines end to end, the layer's own 2-norm relative error, what compilation adds to it."""
    own = [("own RE" if _has_own_error(rows) else "own cosine")] if _has_own(rows) else []
    return [*_stages(rows), *own, *(["J-Q steps"] if _has_compiled(rows) else [])]


def _has_compiled(rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(row["compiled"] is not None for row in rows)


def _steps(compiled: Mapping[str, Any] | None) -> str:
    if compiled is None:
        return "-"
    return f"{compiled['max_steps']:g}{' !' if compiled['at_fault'] else ''}"


def _mark(document: Mapping[str, Any], number: int) -> str:
    first, worst = document["first_below"], document["costliest"]
    marks = "<" if first is not None and first["number"] == number else ""
    return marks + ("*" if worst is not None and worst["number"] == number else "")


def _cell(score: Mapping[str, Any] | None) -> str:
    return cosine(score["cosine"]) if score is not None else "-"


def _percent(score: Mapping[str, Any] | None) -> str:
    if score is None or score["relative_error"] is None:
        return "-"
    return f"{score['relative_error']:.2%}"


def _fitted(table: Sequence[Sequence[str]], head: Sequence[str]) -> list[str]:
    """The table, its names and operators as short as the terminal wants them."""
    taken = [max(map(width, column)) for column in zip(head, *table, strict=True)]
    taken[-1] = min(taken[-1], _LEAST_CAUSES)
    room = max(columns() - sum(taken[:2]) - sum(taken[4:]) - 2 * (len(taken) - 1), _LEAST_NAMES)
    kinds = min(taken[3], max(room // 3, room - taken[2]))
    rows = [[*row[:2], shortened(row[2], room - kinds), shortened(row[3], kinds), *row[4:]] for row in table]
    return aligned(rows, head=head)
