"""What the simulator answers to the probe's input."""

from axpair_proto.gt.tensors import write_tensors
from axpair_proto.names import file_stems

from axpair_host.evidence.record import Record
from axpair_host.gather.answers.session import Session
from axpair_host.gather.storing import write_probe_input


def answer(session: Session, record: Record) -> Record | None:
    """runs/probe/joint and runs/probe/input."""
    if session.simulator is None:
        return None
    with session.progress.task("simulate joint for the probe's input"):
        tensors = session.simulator.run(session.request.models, "joint", session.prepared.probe())
    write_probe_input(session.folder, session.prepared)
    write_tensors(session.folder / "runs" / "probe" / "joint", tensors, file_stems(tensors))
    return record
