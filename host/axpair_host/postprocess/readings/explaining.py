"""Tries every reading, and says under which the post-processor gives what is wanted."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Literal

from axpair_host.errors import PostprocessError
from axpair_host.evidence.readings import ReadingHit, ReadingsTried
from axpair_host.evidence.record import OutputFacts
from axpair_host.postprocess.agreement import TIGHT, same_decision
from axpair_host.postprocess.applying import decided
from axpair_host.postprocess.loading import Postprocessor
from axpair_host.postprocess.readings.hypotheses import paired_readings, single_readings
from axpair_host.postprocess.readings.reading import Array, Reading

MAX_RUNS = 160
"""Of the post-processor, for one question."""
MAX_SECONDS = 120.0
Side = Literal["undo", "suffer"]


def explain(
    postprocessor: Postprocessor,
    outputs: Sequence[OutputFacts],
    tensors: Mapping[str, Array],
    wanted: Any,
    side: Side,
    seconds: float = MAX_SECONDS,
) -> ReadingsTried:
    """Run the post-processor on `tensors` under each reading, and keep those that make `wanted`.

    "undo": it is the post-processor that misreads, and the reading is undone for it. "suffer": the post-processor is
    right, and somebody else's decision `wanted` came of a misreading. Two at once are tried only where none alone fits.
    """
    runs = _Runs(postprocessor, tensors, wanted, side, time.monotonic() + seconds)
    singles = single_readings(outputs, tensors)
    hits = runs.hits(singles)
    readings = len(singles)
    if not hits:
        pairs = list(islice(paired_readings(singles), MAX_RUNS))
        hits = runs.hits(pairs)
        readings += len(pairs)
    return ReadingsTried(tuple(hits), runs.tried, readings - runs.tried)


class _Runs:
    def __init__(
        self, postprocessor: Postprocessor, tensors: Mapping[str, Array], wanted: Any, side: Side, end: float
    ) -> None:
        self._postprocessor = replace(postprocessor, function=postprocessor.quiet or postprocessor.function)
        self._tensors, self._wanted, self._side = tensors, wanted, side
        self._end = end
        self._left = MAX_RUNS
        self.tried = 0

    def hits(self, readings: Sequence[Reading]) -> list[ReadingHit]:
        """The readings under which the wanted decision is made, as long as runs, time and patience last."""
        found = []
        for reading in readings:
            if self._left <= 0 or time.monotonic() > self._end or self._postprocessor.patience.over:
                break
            self.tried += 1
            sets = reading.undone(self._tensors) if self._side == "undo" else reading.suffered(self._tensors)
            for tensors in sets:
                self._left -= 1
                decision, failed = self._decided(tensors)
                if not failed and same_decision(self._wanted, decision):
                    tight = same_decision(self._wanted, decision, TIGHT)
                    hit = ReadingHit(reading.codes, reading.kinds, reading.words(), reading.outputs, decision, tight)
                    found.append(hit)
                    break
        return found

    def _decided(self, tensors: Mapping[str, Array]) -> tuple[Any, bool]:
        """Under a wrong reading nearly anything may be said, printed, warned of or raised."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                decision, error = decided(self._postprocessor, tensors)
            except PostprocessError:
                return None, True
            return decision, bool(error)
