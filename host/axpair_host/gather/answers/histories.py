"""The case once more behind another input and once more alone, each in a fresh worker."""

from axpair_host.evidence.record import Record
from axpair_host.gather.answers.fresh_round import more_rounds
from axpair_host.gather.answers.session import Session


def answer(session: Session, record: Record) -> Record | None:
    """Two rounds in a worker that ran the probe before, one in a worker that ran nothing; None where no round went
    well before."""
    behind = more_rounds(session, record, "board: once more behind another input", repeat=2, want_probe=True)
    if behind is None:
        return None
    return more_rounds(session, behind, "board: once more in a fresh worker")
