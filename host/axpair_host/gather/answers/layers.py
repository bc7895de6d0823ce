"""Each compiled operator's own error."""

import msgspec

from axpair_host.evidence.record import Record, layer_of
from axpair_host.gather.answers.session import Session


def answer(session: Session, record: Record) -> Record | None:
    """Record.layers, from the simulator; None without a .lava_joint."""
    models = session.request.models
    if session.simulator is None or models.lava_joint is None:
        return None
    with session.progress.task("simulate each layer's own error"):
        found = session.simulator.own_errors(models, session.prepared.data)
    if found is None:
        return None
    return msgspec.structs.replace(record, layers=tuple(layer_of(one) for one in found))
