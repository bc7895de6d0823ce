"""Lines that a user draws, on the command line or in axpair.toml: read, and refused where they say nothing.

A line says what an output has to reach against the float model, such as y:psnr>=30. One that no answer could miss, or
none could reach, is a slip, and so is an output or a measure that isn't there.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence

from axpair_proto.sentences import say

from axpair_host.compare import Comparison, Relation
from axpair_host.compare.lines import ACROSS_CASES, METRICS, Line
from axpair_host.errors import UsageError

OPTION = "--line"
_FORM = re.compile(r"(?P<output>.+):\s*(?P<metric>[^:<>=\s]+)\s*(?P<sign>[<>]=?|={1,2})\s*(?P<value>[^\s<>=]+)\s*")
_EXAMPLE = "write OUTPUT:MEASURE>=VALUE or <=, in quotes: --line 'y:psnr>=30'"


def parsed(texts: Sequence[str], *, across_cases: bool = False) -> dict[tuple[str, str], Line]:
    """Lines by output and metric. `across_cases`: whether there may be several cases.

    Raises UsageError for text that is no line, and for one that can't fail or can't hold.
    """
    lines: dict[tuple[str, str], Line] = {}
    for text in texts:
        form = _FORM.fullmatch(text)
        if form is None:
            raise UsageError(f"{OPTION} {text}: no line", next_step=_EXAMPLE)
        where = f"{OPTION} {text}"
        try:
            value = float(form["value"])
        except ValueError as error:
            raise UsageError(f"{where}: {form['value']!r} is no number", next_step=_EXAMPLE) from error
        line = line_of(form["output"], form["metric"], value, where, across_cases=across_cases)
        sign = METRICS[line.metric].sign
        if form["sign"] != sign:
            raise UsageError(
                f"{where}: the larger its {line.metric}, the better an output is"
                if sign == ">="
                else f"{where}: the smaller its {line.metric}, the better an output is",
                next_step=f"write '{line.text}'",
            )
        there = lines.setdefault((line.output, line.metric), line)
        if there.value != line.value:
            raise UsageError(f"{where}: {there.text} was given before", next_step="give each measure once")
    return lines


def line_of(output: str, metric: str, value: float, where: str, *, across_cases: bool = True) -> Line:
    """One line; messages call it `where`. Raises UsageError for a metric that isn't there, or a value that no
    comparison could miss, or reach."""
    found = METRICS.get(metric)
    known = [name for name in METRICS if across_cases or name not in ACROSS_CASES]
    if found is None:
        near = difflib.get_close_matches(metric, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"{where}: there is no measure {metric!r}{hint}", next_step=f"measures: {', '.join(known)}")
    if metric not in known:
        raise UsageError(
            f"{where}: one case has no {metric}: that is of two cases at least",
            next_step="axpair replay takes it; for one case: angle, cosine, correlation",
        )
    if not math.isfinite(value):
        raise UsageError(f"{where}: {value} is no number that a line can have", next_step=_EXAMPLE)
    if not found.can_fail(value):
        low, high = found.bounds
        always = found.holds(low if found.at_least else high, value)
        raise UsageError(
            f"{where}: this line can't fail" if always else f"{where}: this line can't hold",
            next_step=f"lines of {found.words} lie between {low:g} and {high:g}"
            if math.isfinite(high)
            else f"lines of {found.words} lie above {low:g}",
        )
    return Line(output, metric, value, where)


def refuse_unknown(lines: Iterable[Line], outputs: Sequence[str]) -> None:
    """Raise UsageError where a line is of an output that isn't there."""
    for line in lines:
        if line.output not in outputs:
            near = difflib.get_close_matches(line.output, outputs, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(
                f"{line.source}: no output is named {line.output!r}{hint}",
                next_step=f"outputs: {', '.join(outputs[:8])}{', ...' if len(outputs) > 8 else ''}",
            )


def refuse_vacuous(lines: Iterable[Line], compared: Mapping[str, Comparison | None]) -> None:
    """Raise UsageError where a line says nothing of the output that it is drawn for: an answer that ignores the input
    would hold it, there is no such measure of it, or nothing to hold it against."""
    for line in lines:
        found = compared[line.output]
        if found is None:
            raise UsageError(
                f"{line.source}: lines are held against the float model, of which there are no outputs here",
                next_step="give --onnx M.onnx, or a gt folder with onnx/",
            )
        if found.relation is Relation.INVALID or line.metric in ACROSS_CASES:
            continue
        if why := line.vacuous(found):
            raise UsageError(
                say("AX004: {line}: this line can't fail: {why}", line=line.source, why=why),
                next_step=line.instead(found),
            )
