"""Lines: what a comparison has to reach, in which measure. Those that hold by default, and those that a user draws.

The default ones are derived from healthy 8-bit models; docs/measures.md has the measurement.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from axpair_proto.meanings import names_line
from axpair_proto.sentences import Sentence, say

from axpair_host.compare.comparison import Comparison
from axpair_host.compare.identities import KEPT_NAMES
from axpair_host.documents.compared import HeldLine

PICTURE_PSNR = 30.0
"""dB. Noise is seen from here on; healthy 8-bit nets whose output is a picture keep 50 and more."""
PICTURE_LOST = 25.0
"""dB. The noise that healthy 8-bit models of any kind have, at its largest, would be 26 in a picture."""
CORRELATION = 0.9
"""Without the mean. Healthy 8-bit models keep .94 and more wherever their cosine is above the guide's line."""
AGREEMENT = 0.9
"""Of rows: of ten, at least nine."""
_FEWEST = 64
"""Elements below which a correlation is chance."""
_ROUNDING_STEPS = 2.0
"""An RMSE of so many quantisation steps is no loss, however little the output varies."""


@dataclass(frozen=True)
class Metric:
    """One measure that a line can be drawn in."""

    name: str
    words: str
    at_least: bool
    """Whether more is better."""
    bounds: tuple[float, float]
    """Values of a line that can fail and can hold, both ends left out but for `best`."""
    value: Callable[[Comparison], float | None]
    constant: Callable[[Comparison], float | None]
    """What a candidate of one value throughout, or of zeros, would reach at its best."""
    best: float = math.inf

    @property
    def sign(self) -> str:
        """As a line is written."""
        return ">=" if self.at_least else "<="

    def holds(self, value: float, line: float) -> bool:
        """Whether a value is on the right side."""
        return value >= line if self.at_least else value <= line

    def can_fail(self, line: float) -> bool:
        """Whether any value is on the wrong side of it, and any on the right one."""
        return line == self.best or self.bounds[0] < line < self.bounds[1]

    def told(self, value: float) -> Sentence:
        """A value in words, with its unit."""
        words = say(self.words)
        if math.isinf(value):
            return say("{words} without end", words=words)
        if self.name == "angle":
            return say("{words} {value:.1f} degrees", words=words, value=value)
        decibels = f"{value:.1f} dB" if self.name in ("psnr", "sqnr") else ""
        return words + f" {decibels or (f'{value:.4f}' if self.bounds[1] <= 1 else f'{value:.4g}')}"


def _deviation(found: Comparison) -> float | None:
    return found.deviation


def _psnr(found: Comparison) -> float | None:
    return math.inf if found.rmse == 0 else found.psnr_db


def _constant_psnr(found: Comparison) -> float | None:
    if not found.psnr_peak or not found.deviation:
        return None
    return 20 * math.log10(found.psnr_peak / found.deviation)


def _constant_error(found: Comparison) -> float | None:
    share = found.constant_cosine
    return None if share is None else math.sqrt(max(0.0, 1 - share**2))


def _constant_sqnr(found: Comparison) -> float | None:
    error = _constant_error(found)
    return -20 * math.log10(error) if error else None


def _half_range(found: Comparison) -> float | None:
    return None if found.reference_range is None else (found.reference_range[1] - found.reference_range[0]) / 2


def _constant_angle(found: Comparison) -> float | None:
    return None if found.constant_cosine is None else math.degrees(math.acos(min(1.0, found.constant_cosine)))


def _sqnr(found: Comparison) -> float | None:
    return math.inf if found.rmse == 0 else found.sqnr_db


def _agreement(found: Comparison) -> float | None:
    """Any whole numbers may be names, to whoever draws a line for them."""
    if found.agreement is None and found.whole_numbers and found.elements:
        return 1 - found.differing / found.elements
    return found.agreement


def _of_no_case(found: Comparison) -> float | None:
    return None


ACROSS_CASES = frozenset(("similarity", "distinct"))
"""Metrics of several cases together; a comparison has none."""
_ANY = (0.0, math.inf)
METRICS: Mapping[str, Metric] = {
    one.name: one
    for one in (
        Metric("cosine", "cosine", True, (-1, 1), lambda one: one.cosine, lambda one: one.constant_cosine, best=1),
        Metric(
            "correlation",
            "correlation without the mean",
            True,
            (0, 1),
            lambda one: one.correlation,
            lambda _: 0,
            best=1,
        ),
        Metric("psnr", "PSNR", True, (-math.inf, math.inf), _psnr, _constant_psnr),
        Metric("sqnr", "SQNR", True, _ANY, _sqnr, _constant_sqnr),
        Metric("rmse", "RMSE", False, _ANY, lambda one: one.rmse, _deviation, best=0),
        Metric("relative_error", "2-norm RE", False, (0, 1), lambda one: one.relative_error, _constant_error, best=0),
        Metric("max_abs", "largest difference", False, _ANY, lambda one: one.max_abs, _half_range, best=0),
        Metric("angle", "angle", False, (0, 180), lambda one: one.angle, _constant_angle, best=0),
        Metric(
            "agreement", "agreement of identities", True, (0, 1), _agreement, lambda one: one.constant_agreement, best=1
        ),
        Metric("similarity", "change of two cases' similarity", False, (0, 2), _of_no_case, _of_no_case, best=0),
        Metric("distinct", "cosine of what sets cases apart", True, (-1, 1), _of_no_case, _of_no_case, best=1),
    )
}


@dataclass(frozen=True)
class Line:
    """A user's own line for one output."""

    output: str
    metric: str
    value: float
    source: str = field(default="", compare=False)
    """Where it was drawn, as messages call it."""

    @property
    def text(self) -> str:
        """As --line takes it."""
        return f"{self.output}:{self.metric}{METRICS[self.metric].sign}{self.value:g}"

    def held(self, found: Comparison | None) -> HeldLine:
        """What a comparison reached, and whether that holds; None where it can't be said."""
        metric = METRICS[self.metric]
        value = metric.value(found) if found is not None else None
        return HeldLine(
            line=self.text,
            measure=self.metric,
            value=value if value is not None and math.isfinite(value) else None,
            holds=metric.holds(value, self.value) if value is not None else None,
            told=metric.told(value) if value is not None else None,
        )

    def vacuous(self, found: Comparison) -> str:
        """Why it can't fail in this comparison, as a clause; "" when it can."""
        metric = METRICS[self.metric]
        if metric.value(found) is None:
            return say("this output has no {measure}", measure=say(metric.words))
        reached = metric.constant(found)
        if reached is None or not metric.holds(reached, self.value):
            return ""
        return say("an answer of one value throughout would have {value}", value=metric.told(reached))

    def instead(self, found: Comparison) -> str:
        """What to write in its place where it can't fail: a sentence."""
        metric = METRICS[self.metric]
        reached = metric.constant(found) if metric.value(found) is not None else None
        if reached is None:
            return say("give another measure, such as cosine")
        better = (
            say("a line above {value:.4g} can fail", value=reached)
            if metric.at_least
            else say("a line below {value:.4g} can fail", value=reached)
        )
        return better + say("; or 'correlation>=...', which leaves the mean out") if self.metric == "cosine" else better


@dataclass(frozen=True)
class Shortfall:
    """A comparison on the wrong side of a line."""

    metric: str
    value: float
    line: float
    certain: bool = True
    """Whether that is a loss; False where it may be harmless, and is a warning."""

    @property
    def words(self) -> Sentence:
        """Value and line, such as "cosine 0.9412, below 0.98"."""
        return self._told("{value}, below {line:g}", "{value}, above {line:g}")

    @property
    def against_the_float_model(self) -> Sentence:
        """Such as "cosine 0.9412 against the float model, below 0.98"."""
        return self._told(
            "{value} against the float model, below {line:g}", "{value} against the float model, above {line:g}"
        )

    def _told(self, below: str, above: str) -> Sentence:
        metric = METRICS.get(self.metric) or _OF_DEFAULTS[self.metric]
        return say(below if metric.at_least else above, value=metric.told(self.value), line=self.line)

    @property
    def severity(self) -> tuple[bool, float]:
        """Sorts the worst first: cosines by value, then others by how far they are off."""
        if self.metric == "cosine":
            return False, self.value
        return True, -abs(self.value - self.line) / max(abs(self.line), 1e-9)


_OF_DEFAULTS: Mapping[str, Metric] = {
    one.name: one
    for one in (
        Metric(
            "others_cosine",
            "cosine of what stands beside it",
            True,
            (-1, 1),
            lambda one: one.others_cosine,
            lambda _: None,
        ),
        Metric(
            "least_kept",
            "share of the places of one name that keep it",
            True,
            (0, 1),
            lambda one: one.least_kept,
            lambda _: None,
        ),
    )
}
"""Measures of default lines; nobody else draws a line in them."""


_OF_CONTENT = {"picture": ("psnr", "rmse", "correlation"), "vector": ("angle", "correlation")}


def beside(found: Comparison) -> list[tuple[str, float]]:
    """Measures that say something of what the reference holds, with their values."""
    names = _OF_CONTENT.get(found.content.kind, ()) + (("agreement",) if found.agreement is not None else ())
    return [(name, value) for name in names if (value := METRICS[name].value(found)) is not None]


def shortfalls(found: Comparison, cosine: float, own: Mapping[str, float]) -> list[Shortfall]:
    """Every line that a comparison with the float model falls short of: the default ones, of which `cosine` is one, and
    the user's `own` by metric, which stand in their place."""
    drawn = [one for one in _defaults(found, cosine) if one[0] not in own]
    short = []
    for name, line, certain in (*drawn, *((name, line, True) for name, line in own.items())):
        metric = METRICS.get(name) or _OF_DEFAULTS[name]
        value = metric.value(found)
        if value is not None and not metric.holds(value, line):
            short.append(Shortfall(name, value, line, certain))
    return short


def lost(found: Comparison, cosine: float, own: Mapping[str, float]) -> Shortfall | None:
    """The first shortfall that is a loss."""
    return next((one for one in shortfalls(found, cosine, own) if one.certain), None)


def _defaults(found: Comparison, cosine: float) -> Iterator[tuple[str, float, bool]]:
    """Metric, line, and whether what falls short of it is a loss for certain."""
    if not found.all_identities:  # they are no quantities: whether they are the same says all
        yield "cosine", cosine, True
    if found.agreement is not None:
        yield "agreement", names_line(found.elements) if found.named_by else AGREEMENT, True
    yield "least_kept", KEPT_NAMES, True
    yield "others_cosine", cosine, True
    if found.content.kind == "picture":
        if found.content.certain:
            yield "psnr", PICTURE_LOST, True
        yield "psnr", PICTURE_PSNR, False
    elif _hides_much(found, cosine):
        yield "correlation", CORRELATION, False


def _hides_much(found: Comparison, cosine: float) -> bool:
    """A large mean hides from a cosine what varies. It may be little that counts, and rounding, or chance."""
    if found.content.kind == "masked" or found.reordered is not None or found.agreement is not None:
        return False
    if found.elements < _FEWEST or found.cosine is None or found.cosine < cosine:
        return False
    return found.rmse_steps is None or found.rmse_steps > _ROUNDING_STEPS
