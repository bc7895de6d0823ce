"""Getting a model into a worker: by path where it can open our files, else in pieces, once per board."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.description import ModelDescription
from axpair_proto.reasons import Reason
from axpair_proto.v1.failures_pb2 import RuntimeFailure

from axpair_agent import failures
from axpair_agent.answers import Fault, Held, LoadFacts
from axpair_agent.conversation import Answer, Conversation, WorkerLost
from axpair_agent.errors import CallError
from axpair_agent.worker.frames import Kind

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Loaded:
    """What came out of one loading."""

    description: ModelDescription
    sha256: str
    """The worker's own digest of the file."""
    load_us: int
    versions: Mapping[str, str]
    log_lines: list[str]


class LoadRefused(Exception):
    """The model isn't loaded and the worker has ended: the runtime's own words, or how it ended."""

    def __init__(self, failure: RuntimeFailure, log_lines: list[str]) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.log_lines = log_lines
        self.workers_lost = 0
        """How many workers were lost meanwhile."""


def load(worker: Conversation, path: Path, sha256: str, by_path: bool, seconds: float) -> Loaded:
    """Have a worker load a verified file; each step may take `seconds`.

    Raises LoadRefused, CallError OPTION where an option of the runtime doesn't go with the model, and WorkerLost where
    the worker was ended from outside: it may be tried again with another.
    """
    try:
        if by_path:
            answer = worker.ask_once(Kind.LOAD, {"path": str(path.resolve())}, (), seconds)
        else:
            answer = _send(worker, path, sha256, seconds)
    except WorkerLost as lost:
        if lost.outside:
            raise
        raise LoadRefused(lost.failure, lost.log_lines) from lost
    if isinstance(answer.facts, Fault):
        worker.close()
        if answer.facts.kind == "OPTION":
            what, _, next_step = answer.facts.message.partition("\n  next: ")
            raise CallError(Reason.OPTION, f"the runtime {worker.hello.runtime!r}: {what}", next_step=next_step)
        raise LoadRefused(failures.fault(answer.facts), answer.log_lines)
    assert isinstance(answer.facts, LoadFacts)
    return Loaded(
        description=answer.facts.description,
        sha256=answer.facts.sha256,
        load_us=answer.facts.load_us,
        versions={**worker.hello.versions, **answer.facts.versions},
        log_lines=answer.log_lines,
    )


def _send(worker: Conversation, path: Path, sha256: str, seconds: float) -> Answer:
    answer = worker.ask_once(Kind.HAVE, {"sha256": sha256}, (), seconds)
    if not (isinstance(answer.facts, Held) and answer.facts.held):
        size, offset = path.stat().st_size, 0
        with path.open("rb") as file:
            while offset == 0 or offset < size:
                piece = file.read(PIECE_BYTES)
                answer = worker.ask_once(
                    Kind.PUT, {"sha256": sha256, "offset": offset, "size": size}, (piece,), seconds
                )
                if isinstance(answer.facts, Fault) or not piece:
                    break
                offset += len(piece)
    if isinstance(answer.facts, Fault):
        return answer
    return worker.ask_once(Kind.LOAD, {"sha256": sha256}, (), seconds)
