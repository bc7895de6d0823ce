"""What a diagnosis may ask for while simulator and board are still at hand."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import msgspec

from axpair_host.evidence.record import Record
from axpair_host.gather.answers import (
    config_trials,
    fresh_round,
    histories,
    imported_float,
    input_trials,
    layer_scores,
    layers,
    other_inputs,
    probe_joint,
    readings,
    second_opinion,
    switches,
)
from axpair_host.gather.answers.session import Answer, Session
from axpair_host.gather.storing import digests_of

if TYPE_CHECKING:
    from axpair_host.evidence.folder import Evidence

ANSWERS: Mapping[str, Answer] = {
    "layers": layers.answer,
    "own_errors": layers.answer,
    "layer_scores": layer_scores.answer,
    "probe_joint": probe_joint.answer,
    "fresh_round": fresh_round.answer,
    "histories": histories.answer,
    "other_inputs": other_inputs.answer,
    "readings": readings.answer,
    "input_trials": input_trials.answer,
    "config_trials": config_trials.answer,
    "imported_float": imported_float.answer,
    "second_opinion": second_opinion.answer,
    "switches": switches.answer,
}
"""Every `axpair_host.diagnosis.asks.What`, and who fetches it."""


class LiveAsks:
    """Gathers more into the same folder: `axpair_host.diagnosis.asks.Asks` with live means.

    Every answer is written before it is judged, so that the stored folder gives the same verdict.
    """

    def __init__(self, session: Session, record: Record, without: Collection[str] = ()) -> None:
        """`without`: asks that aren't answered, such as costly ones among many cases."""
        self.session = session
        self._without = without
        self.record = record
        """With everything that was fetched so far."""

    def get(self, what: str) -> "Evidence | None":
        """The evidence with that in it; None where that can't be had."""
        fetch = ANSWERS.get(what) if what not in self._without else None
        record = fetch(self.session, self.record) if fetch is not None else None
        if record is None:
            return None
        from axpair_host.evidence.folder import load
        from axpair_host.evidence.store import write_pair_json

        folder = self.session.folder
        self.record = msgspec.structs.replace(record, digests=digests_of(folder))
        write_pair_json(folder, self.record, None)
        return load(folder)
