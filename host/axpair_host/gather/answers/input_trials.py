"""What the simulator gives on the case's input, read otherwise than it was written."""

import msgspec

from axpair_host.digests import bytes_sha256
from axpair_host.evidence.record import InputTrial, Record
from axpair_host.gather.answers.session import Session
from axpair_host.input_trials.transforms import misreads


def answer(session: Session, record: Record) -> Record | None:
    """Record.input_trials: digests of the simulated outputs under each misreading, of this case and of the probe."""
    simulator, models = session.simulator, session.request.models
    if simulator is None:
        return None
    trials = []
    sources = {"": session.prepared.data, "probe": session.prepared.probe()}
    tried = [(source, one) for source, data in sources.items() for one in misreads(record.inputs, data)]
    with session.progress.task("simulate the input misread", len(tried), "ways") as task:
        for done, (source, misread) in enumerate(tried, start=1):
            outputs = simulator.run(models, "joint", misread.inputs)
            digests = {name: bytes_sha256(tensor.tobytes()) for name, tensor in outputs.items()}
            trials.append(InputTrial(misread.name, misread.code, digests, source))
            task.at(done)
    return msgspec.structs.replace(record, input_trials=tuple(trials))
