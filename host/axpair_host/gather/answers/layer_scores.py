"""Every layer's own and accumulated error."""

import msgspec
from axpair_proto.capabilities import DumpsLayers

from axpair_host.evidence.record import Record
from axpair_host.gather.answers.session import Session
from axpair_host.scoring.dumping import dumped_scores


def answer(session: Session, record: Record) -> Record | None:
    """Record.layer_scores, of quantisation alone; None without the float and the quantised model, and where the
    simulator shows no layers."""
    models = session.request.models
    if not isinstance(session.simulator, DumpsLayers) or models.onnx is None or models.lava_joint is None:
        return None
    scores = dumped_scores(session.simulator, models, session.prepared.data, session.progress, joint=False)
    return msgspec.structs.replace(record, layer_scores=scores)
