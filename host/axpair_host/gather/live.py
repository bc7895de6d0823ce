"""What a diagnosis may ask for while simulator and board are still at hand."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from axpair_proto.gt.tensors import write_tensors
from axpair_proto.names import file_stems
from axpair_proto.simulator import Simulator

from axpair_host.boards.case import Case
from axpair_host.boards.loaded import LoadedModel
from axpair_host.evidence.record import Layer, Record
from axpair_host.gather.board_leg import RoundCollector
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.prepare import PreparedCase
from axpair_host.gather.request import GatherRequest
from axpair_host.gather.storing import digests_of, write_probe_input, write_round
from axpair_host.progress import Progress

if TYPE_CHECKING:
    from axpair_host.evidence.folder import Evidence


class LiveAsks:
    """Gathers more into the same folder: `axpair_host.diagnosis.asks.Asks` with live means.

    Every answer is written before it is judged, so that the stored folder gives the same verdict.
    """

    def __init__(
        self,
        folder: Path,
        record: Record,
        *,
        request: GatherRequest,
        prepared: PreparedCase,
        simulator: Simulator | None,
        board: BoardSide | None,
        progress: Progress,
    ) -> None:
        self._folder = folder
        self.record = record
        """With everything that was fetched so far."""
        self._request = request
        self._prepared = prepared
        self._simulator = simulator
        self._board = board
        self._progress = progress

    def get(self, what: str) -> "Evidence | None":
        """The evidence with "layers", "probe_joint" or "fresh_round" in it; None where that can't be had."""
        fetch = {"layers": self._layers, "probe_joint": self._probe_joint, "fresh_round": self._fresh_round}.get(what)
        record = fetch() if fetch is not None else None
        if record is None:
            return None
        from axpair_host.evidence.folder import load
        from axpair_host.evidence.store import write_pair_json

        self.record = msgspec.structs.replace(record, digests=digests_of(self._folder))
        write_pair_json(self._folder, self.record, None)
        return load(self._folder)

    def _layers(self) -> Record | None:
        if self._simulator is None or self._request.models.lava_joint is None:
            return None
        with self._progress.task("simulate each layer's own error"):
            found = self._simulator.own_errors(self._request.models, self._prepared.data)
        if found is None:
            return None
        layers = tuple(
            Layer(one.name, one.kind, one.max_steps, one.mean_steps, one.differing, one.elements) for one in found
        )
        return msgspec.structs.replace(self.record, layers=layers)

    def _probe_joint(self) -> Record | None:
        if self._simulator is None:
            return None
        with self._progress.task("simulate joint for the probe's input"):
            tensors = self._simulator.run(self._request.models, "joint", self._prepared.probe())
        write_probe_input(self._folder, self._prepared)
        write_tensors(self._folder / "runs" / "probe" / "joint", tensors, file_stems(tensors))
        return self.record

    def _fresh_round(self) -> Record | None:
        facts = self.record.board
        loaded = self._board.loaded() if self._board is not None else None
        if facts is None or not isinstance(loaded, LoadedModel):
            return None
        rounds = [one for one in facts.rounds if one.kind == "case"]
        first = next((one for one in rounds if one.number == 1 and one.failure is None), None)
        if first is None:
            return None
        case = Case(
            self._prepared.id,
            self._prepared.data,
            repeat=1,
            want_probe=False,
            fresh_worker=True,
            deadline_ms=self._request.deadline_ms,
        )
        collector = RoundCollector(loaded, {one.name: one.sha256 for one in first.outputs})
        with self._progress.task("board: one more round in a fresh worker"):
            for answer in loaded.run([case]):
                collector.add(answer, number=max(one.number for one in rounds) + 1)
        added = tuple(write_round(self._folder, one) for one in collector.leg().rounds)
        board = msgspec.structs.replace(facts, rounds=(*facts.rounds, *added))
        return msgspec.structs.replace(self.record, board=board)
