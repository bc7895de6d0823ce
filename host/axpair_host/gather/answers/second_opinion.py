"""The case as the vendor's own command runs it on the same board."""

from collections.abc import Mapping

import msgspec
from axpair_proto.errors import AxpairError
from axpair_proto.gt.tensors import write_tensors
from axpair_proto.names import file_stems

from axpair_host.boards.case import Case
from axpair_host.boards.loaded import LoadedModel, LoadRefused
from axpair_host.errors import BoardError, Interrupted, WorkerLost
from axpair_host.evidence.record import Record, SecondOpinion
from axpair_host.gather.answers.session import Session
from axpair_host.gather.board_leg import run_case
from axpair_host.gather.board_side import BoardSide
from axpair_host.progress import Silent

RUNTIME = "run_joint"
PLACE = "second_opinion/board"
NOT_STARTED = (126, 127)
"""A shell's and a dynamic linker's exit statuses for a program that never ran."""
MISSING_LIBRARY = "error while loading shared libraries"


def answer(session: Session, record: Record) -> Record | None:
    """Record.second_opinion, and second_opinion/board with what it gave; None where no board is at hand.

    That it can't be had is recorded as well, with the reason.
    """
    if session.board is None:
        return None
    with session.progress.task("board: a second opinion from run_joint"):
        try:
            said = _asked(session, session.board)
        except WorkerLost as error:
            # Ended from outside each time: what it would have said isn't known, and the case itself is.
            said = SecondOpinion(lacking=error.message)
    return msgspec.structs.replace(record, second_opinion=said)


def by_command(side: BoardSide, switches: Mapping[str, str]) -> LoadedModel | LoadRefused:
    """The model in a worker that drives the vendor's command. Raises BoardError where the board has none of it."""
    loaded = side.load_again(runtime=RUNTIME, options=switches)
    if isinstance(loaded, LoadedModel) and not loaded.versions.get("runtime", "").startswith(RUNTIME):
        loaded.unload()
        raise BoardError(f"{side.address.url}: the agent there is of an older release and can't drive {RUNTIME}")
    return loaded


def _asked(session: Session, board: BoardSide) -> SecondOpinion:
    """Behind the probe's input, so that what memory holds of the case itself can't pass for an answer."""
    try:
        loaded = by_command(board, {})
    except Interrupted:
        raise
    except AxpairError as error:
        return SecondOpinion(lacking=error.message)
    if isinstance(loaded, LoadRefused):
        if loaded.failure.code in NOT_STARTED or any(MISSING_LIBRARY in line for line in loaded.log_lines):
            return SecondOpinion(lacking=f"it can't be started there: {loaded.failure.message}")
        return SecondOpinion(failure=loaded.failure, log_lines=loaded.log_lines)
    case = Case(session.prepared.id, session.prepared.data, deadline_ms=session.request.deadline_ms)
    leg = run_case(loaded, case, Silent())
    outputs = leg.outputs()
    if outputs is not None:
        write_tensors(session.folder / PLACE, outputs, file_stems(outputs))
    loaded.unload()
    return SecondOpinion(
        versions=dict(leg.versions), rounds=tuple(one.facts for one in leg.rounds), log_lines=loaded.log_lines
    )
