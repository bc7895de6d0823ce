"""What the float model gives as the build imported it."""

from axpair_proto.capabilities import RunsImportedModel
from axpair_proto.gt.tensors import write_tensors
from axpair_proto.names import file_stems

from axpair_host.diagnosis.checks.imported import FOLDER
from axpair_host.evidence.record import Record
from axpair_host.gather.answers.session import Session


def answer(session: Session, record: Record) -> Record | None:
    """trials/imported/onnx; None without the ONNX model, and where the simulator can't tell."""
    models = session.request.models
    if models.onnx is None or not isinstance(session.simulator, RunsImportedModel):
        return None
    with session.progress.task("simulate onnx as the build imported it"):
        outputs = session.simulator.run_imported(models, session.prepared.data)
    write_tensors(session.folder / FOLDER, outputs, file_stems(outputs))
    return record
