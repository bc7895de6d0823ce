"""Other inputs on the board, and what the simulator answers to them."""

from collections.abc import Mapping

import numpy as np
from axpair_proto.gt.tensors import write_tensors
from axpair_proto.names import file_stems

from axpair_host.boards.case import Case
from axpair_host.boards.loaded import LoadedModel
from axpair_host.boards.outputs import as_arrays
from axpair_host.evidence.folder import OTHER_INPUTS
from axpair_host.evidence.record import Record
from axpair_host.gather.answers.session import Session
from axpair_host.gather.prepare import PreparedCase

INPUTS = 4


def answer(session: Session, record: Record) -> Record | None:
    """trials/other_inputs/1 and so on, each with input/, joint/ and board/; None where no board or simulator is at
    hand. An input on which the runtime fails is left out."""
    loaded = session.board.loaded() if session.board is not None else None
    if session.simulator is None or not isinstance(loaded, LoadedModel):
        return None
    description = session.prepared.description
    with session.progress.task("board: other inputs", INPUTS, "inputs") as task:
        for number in range(1, INPUTS + 1):
            data = _shuffled(session.prepared, number)
            case = Case(
                f"{session.prepared.id}:other-{number}",
                data,
                repeat=1,
                want_probe=False,
                deadline_ms=session.request.deadline_ms,
            )
            (ran,) = loaded.run([case])
            task.at(number)
            if ran.facts.failure is not None:
                continue
            fed = {
                tensor.name: np.frombuffer(data[tensor.name], tensor.dtype).reshape(tensor.shape)
                for tensor in description.inputs
            }
            written = {
                "input": fed,
                "joint": session.simulator.run(session.request.models, "joint", data),
                "board": as_arrays(ran.outputs, loaded.description),
            }
            for leg, tensors in written.items():
                write_tensors(session.folder / OTHER_INPUTS / str(number) / leg, tensors, file_stems(tensors))
    return record


def _shuffled(prepared: PreparedCase, number: int) -> Mapping[str, bytes]:
    """The case's own elements in another order: values that the input may take, and another answer."""
    random = np.random.default_rng(number)
    return {
        tensor.name: random.permutation(np.frombuffer(prepared.data[tensor.name], tensor.dtype)).tobytes()
        for tensor in prepared.description.inputs
    }
