"""Each compiled operator's own error."""

import msgspec

from axpair_host.evidence.record import Layer, Record
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
    layers = tuple(
        Layer(one.name, one.kind, one.max_steps, one.mean_steps, one.differing, one.elements) for one in found
    )
    return msgspec.structs.replace(record, layers=layers)
