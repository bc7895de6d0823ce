"""More rounds of the case in a fresh worker."""

from collections.abc import Sequence

import msgspec

from axpair_host.boards.case import Case
from axpair_host.boards.loaded import LoadedModel
from axpair_host.evidence.record import OutputFacts, Record, Round
from axpair_host.gather.answers.session import Session
from axpair_host.gather.board_leg import BoardRound, RoundCollector
from axpair_host.gather.storing import write_round

ROUNDS = 6
"""So many that a board whose answer varies among few values hardly repeats itself in all of them."""


def answer(session: Session, record: Record) -> Record | None:
    """The rounds, appended to the board's; None where no round went well before."""
    return more_rounds(session, record, "board: more rounds in a fresh worker", repeat=ROUNDS)


def more_rounds(
    session: Session, record: Record, doing: str, *, repeat: int = 1, want_probe: bool = False
) -> Record | None:
    """The record with more rounds, all of one fresh worker; None where no round went well before.

    Of a probe among them nothing but its facts is kept: its answer lies in the folder already.
    """
    facts = record.board
    loaded = session.board.loaded() if session.board is not None else None
    if facts is None or not isinstance(loaded, LoadedModel):
        return None
    rounds = [one for one in facts.rounds if one.kind == "case"]
    first = next((one for one in rounds if one.number == 1 and one.failure is None), None)
    if first is None:
        return None
    case = Case(
        session.prepared.id,
        session.prepared.data,
        repeat=repeat,
        want_probe=want_probe,
        fresh_worker=True,
        deadline_ms=session.request.deadline_ms,
    )
    collector = RoundCollector(loaded, {one.name: one.sha256 for one in first.outputs})
    last = max(one.number for one in rounds)
    with session.progress.task(doing):
        for each in loaded.run([case]):
            collector.add(each, number=last + each.facts.number if each.facts.kind == "case" else None)
    # Another session with the board counts its workers anew.
    fresh = max(one.worker_generation for one in facts.rounds) + 1
    added = tuple(_written(session, one, record.outputs, fresh) for one in collector.leg().rounds)
    return msgspec.structs.replace(record, board=msgspec.structs.replace(facts, rounds=(*facts.rounds, *added)))


def _written(session: Session, one: BoardRound, outputs: Sequence[OutputFacts], generation: int) -> Round:
    facts = write_round(session.folder, one, outputs) if one.facts.kind == "case" else one.facts
    return msgspec.structs.replace(facts, worker_generation=generation)
