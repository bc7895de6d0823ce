"""One more round of the case in a fresh worker."""

import msgspec

from axpair_host.boards.case import Case
from axpair_host.boards.loaded import LoadedModel
from axpair_host.evidence.record import Record
from axpair_host.gather.answers.session import Session
from axpair_host.gather.board_leg import RoundCollector
from axpair_host.gather.storing import write_round


def answer(session: Session, record: Record) -> Record | None:
    """The round, appended to the board's; None where no round went well before."""
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
        repeat=1,
        want_probe=False,
        fresh_worker=True,
        deadline_ms=session.request.deadline_ms,
    )
    collector = RoundCollector(loaded, {one.name: one.sha256 for one in first.outputs})
    with session.progress.task("board: one more round in a fresh worker"):
        for each in loaded.run([case]):
            collector.add(each, number=max(one.number for one in rounds) + 1)
    added = tuple(write_round(session.folder, one) for one in collector.leg().rounds)
    return msgspec.structs.replace(record, board=msgspec.structs.replace(facts, rounds=(*facts.rounds, *added)))
