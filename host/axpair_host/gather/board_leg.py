"""The board's leg of a case: rounds on a loaded model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec
from axpair_proto.gt.tensors import Array

from axpair_host.boards.case import Case, RoundAnswer
from axpair_host.boards.loaded import LoadedModel, LoadRefused
from axpair_host.boards.outputs import as_arrays
from axpair_host.digests import bytes_sha256
from axpair_host.evidence.record import Failure, Round
from axpair_host.progress import Progress


@dataclass(frozen=True)
class BoardRound:
    """One round with what of its outputs is kept."""

    facts: Round
    outputs: Mapping[str, Array] | None = field(default=None, repr=False)
    """None where the round failed, or its bytes are those of round 1."""


@dataclass(frozen=True)
class BoardLeg:
    """Everything that a board said of a case."""

    url: str
    rounds: tuple[BoardRound, ...]
    versions: Mapping[str, str]
    model_sha256: str = ""
    tools_version: str = ""
    load_failure: Failure | None = None
    log_lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    model_differences: tuple[str, ...] = ()
    """As in the record."""
    doubt: str = ""
    """As in the record."""
    beside: Failure | None = None
    """As in the record."""
    written: tuple[str, ...] = ()
    """As in the record."""
    where_equal: "BoardLeg | None" = None
    """What it is instead where that has the simulator's bytes: of a run whose log says that it failed."""

    def outputs(self) -> Mapping[str, Array] | None:
        """Round 1's outputs, which are B; None where there are none."""
        return next((one.outputs for one in self.rounds if one.facts.kind == "case" and one.facts.number == 1), None)

    def noted(self, notes: tuple[str, ...]) -> "BoardLeg":
        """The same leg with more to say."""
        return replace(self, notes=(*self.notes, *notes))


def run_case(model: LoadedModel, case: Case, progress: Progress) -> BoardLeg:
    """Run one case and collect its rounds. Raises BoardError when the agent goes away."""
    collector = RoundCollector(model)
    total = case.repeat + case.want_probe
    with progress.task("board: run", total, "rounds") as task:
        for answer in model.run([case]):
            collector.add(answer)
            task.at(collector.count)
    return collector.leg()


class RoundCollector:
    """Collects the rounds of one case; keeps bytes only where they say something new."""

    def __init__(self, model: LoadedModel, first: Mapping[str, str] | None = None) -> None:
        """`first`: sha256 of round 1's outputs by name, where that round was collected before."""
        self._model = model
        self._given = first
        self._attempt = 0
        self._rounds: list[BoardRound] = []
        self._first = first
        self._notes: list[str] = []

    def add(self, answer: RoundAnswer, number: int | None = None) -> None:
        """Take the next round's answer; `number` replaces its own. That of another attempt replaces all before it."""
        if answer.attempt != self._attempt:
            self._attempt = answer.attempt
            self._forget()
        received = {name: bytes_sha256(data) for name, data in answer.outputs.items()}
        for output in answer.facts.outputs:
            if answer.facts.failure is None and received.get(output.name) != output.sha256:
                self._notes.append(
                    f"{answer.facts.kind} round {answer.facts.number}: the output {output.name!r} arrived with sha256 "
                    f"{received.get(output.name, 'none')}, the worker read {output.sha256}"
                )
        is_first = answer.facts.kind == "case" and self._first is None and answer.facts.failure is None
        if is_first:
            self._first = received
        keep = answer.facts.failure is None and (is_first or received != self._first)
        outputs = as_arrays(answer.outputs, self._model.description) if keep else None
        facts = answer.facts if number is None else msgspec.structs.replace(answer.facts, number=number)
        self._rounds.append(BoardRound(facts, outputs))

    @property
    def count(self) -> int:
        """How many rounds there are so far."""
        return len(self._rounds)

    def leg(self) -> BoardLeg:
        """What was collected."""
        return BoardLeg(
            url=self._model.url,
            rounds=tuple(self._rounds),
            versions=self._model.versions,
            model_sha256=self._model.sha256,
            tools_version=self._model.description.tools_version,
            log_lines=self._model.log_lines,
            notes=tuple(self._notes),
        )

    def _forget(self) -> None:
        self._rounds, self._first, self._notes = [], self._given, []


def refused_leg(url: str, refused: LoadRefused, versions: Mapping[str, str]) -> BoardLeg:
    """The leg of a board that did not load the model."""
    return BoardLeg(url, (), versions, load_failure=refused.failure, log_lines=refused.log_lines)
