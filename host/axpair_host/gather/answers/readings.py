"""What the post-processor makes of the outputs under each way of misreading them."""

import msgspec

from axpair_host.evidence.folder import load
from axpair_host.evidence.record import Record
from axpair_host.gather.answers.session import Session
from axpair_host.postprocess.readings import try_readings


def answer(session: Session, record: Record) -> Record | None:
    """Record.readings; None without a post-processor, or where no reading is in question."""
    if session.postprocess is None:
        return None
    with session.progress.task("post-processor: try ways of reading the outputs"):
        found = try_readings(session.postprocess, load(session.folder).with_record(record))
    return msgspec.structs.replace(record, readings=found) if found is not None else None
