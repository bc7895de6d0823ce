"""Cases through one loaded model over one stream; the simulator works while the board does.

Before each case the same worker runs other inputs, as the case's probe round: a board that hands out an earlier answer
shows it. So a case's record depends on what was planned for it alone, not on which case happened to run before it, nor
on when the worker was last started.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from axpair_proto.simulator import Simulator, Tensors

from axpair_host.boards.case import Case
from axpair_host.boards.loaded import LoadedModel
from axpair_host.gather.board_leg import BoardLeg, RoundCollector, refused_leg
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.gathering import differences
from axpair_host.gather.prepare import PreparedCase
from axpair_host.gather.request import GatherRequest
from axpair_host.gather.simulate import simulate
from axpair_host.progress import Silent

WINDOW = 2
"""Cases under way: the board runs one while the next waits there."""


@dataclass(frozen=True)
class GatheredCase:
    """What simulator and board made of a case; nothing is written yet."""

    prepared: PreparedCase
    legs: Mapping[str, Tensors] = field(repr=False)
    board: BoardLeg = field(repr=False)
    """Its first round is the one before the case, as the probe."""
    timings: Mapping[str, float] = field(default_factory=dict)

    def failed(self) -> bool:
        """Whether the runtime failed on the case itself."""
        return any(one.facts.kind == "case" and one.facts.failure is not None for one in self.board.rounds)


@dataclass(frozen=True)
class OpenCase:
    """A case whose worker was ended from outside each time: nothing is known of it."""

    id: str


@dataclass
class _Flight:
    prepared: PreparedCase
    collector: RoundCollector
    started: float
    legs: Mapping[str, Tensors] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)


def gather_cases(
    side: BoardSide, simulator: Simulator, request: GatherRequest, cases: Iterable[PreparedCase]
) -> Iterator[GatheredCase | OpenCase]:
    """Run cases in their order and give each when it is whole, or it is clear that it stays open.

    Models, repeat and deadline are the request's.

    `cases` is asked for the next one, in the caller's thread, when there is room for it. Where the board does not
    load the model, that failure is each case's board leg.
    Raises BoardError when the agent goes away: cases given before are whole, all others have left nothing.
    """
    loaded = side.loaded()
    if isinstance(loaded, LoadedModel):
        yield from _run_cases(loaded, simulator, request, cases)
        return
    board = side.board()
    for prepared in cases:
        timings: dict[str, float] = {}
        legs = simulate(simulator, request.models, prepared.data, Silent(), timings)
        yield GatheredCase(prepared, legs, refused_leg(board.url, loaded, board.facts.versions), timings)


def _run_cases(
    model: LoadedModel, simulator: Simulator, request: GatherRequest, cases: Iterable[PreparedCase]
) -> Iterator[GatheredCase | OpenCase]:
    flights: dict[str, _Flight] = {}
    still_open: list[OpenCase] = []

    def feed() -> Iterator[Case]:
        for number, prepared in enumerate(cases):
            flight = _Flight(prepared, RoundCollector(model), time.perf_counter())
            flights[str(number)] = flight
            yield Case(
                f"{number}:{prepared.id}",
                prepared.data,
                repeat=request.repeat,
                want_probe=False,
                deadline_ms=request.deadline_ms,
                before=prepared.probe(),
            )
            # Asked for the next one: this case was sent, and the board is busy.
            flight.legs = simulate(simulator, request.models, prepared.data, Silent(), flight.timings)

    def lost(case: Case) -> None:
        still_open.append(OpenCase(flights.pop(case.id.partition(":")[0]).prepared.id))

    for answer in model.run(feed(), window=WINDOW, lost=lost):
        yield from _drained(still_open)
        number = answer.case_id.partition(":")[0]
        flight = flights[number]
        flight.collector.add(answer)
        if answer.last:
            del flights[number]
            flight.timings["case"] = time.perf_counter() - flight.started
            leg = flight.collector.leg().noted(differences(flight.prepared.description, model.description))
            yield GatheredCase(flight.prepared, flight.legs, leg, flight.timings)
    yield from _drained(still_open)


def _drained(cases: list[OpenCase]) -> Iterator[OpenCase]:
    while cases:
        yield cases.pop(0)
