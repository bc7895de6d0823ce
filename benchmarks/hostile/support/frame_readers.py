"""Gives both readers of the worker's frames, in this process, frames that make no sense: COUNT SEED.

Prints JSON: how many were read or refused, what came that is no refusal, the most memory and the slowest frame.
"""

import collections
import io
import json
import random
import resource
import sys
import time
from collections.abc import Callable

from axpair_agent import failures
from axpair_agent.answers import Fault, Hello, LoadFacts, RoundFacts, read_answer
from axpair_agent.cases import Round
from axpair_agent.services.rounds import messages
from axpair_agent.worker import WORKER_PROTOCOL
from axpair_agent.worker.frames import EndOfFrames, Frame, FrameError, read
from axpair_agent.worker.requests import read_request
from axpair_proto.description import ModelDescription
from axpair_proto.v1 import handshake_pb2, runs_pb2

from benchmarks.hostile.support.frame_mutants import DESCRIPTION, Sent, answers, mutant, requests

MODEL = ModelDescription.from_json(DESCRIPTION)
KEPT = 20
"""So many of what came are told in full."""


def main() -> None:
    """Half of the frames to each reader."""
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    counts: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    slowest = 0.0
    sides: tuple[tuple[list[Sent], Callable[[Frame], object]], ...] = (
        (answers(), answer),
        (requests("/dev/null"), read_request),
    )
    for number in range(count):
        frames, understand = sides[number % 2]
        raw = mutant(rng, WORKER_PROTOCOL, frames)
        since = time.perf_counter()
        try:
            counts[outcome(raw, understand)] += 1
        except Exception as error:
            counts["wrong"] += 1
            if len(wrong) < KEPT:
                wrong.append(f"{type(error).__name__}: {error!s:.200} for {raw[:300]!r}")
        slowest = max(slowest, time.perf_counter() - since)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"counts": counts, "wrong": wrong, "MiB": most, "slowest": slowest}))


def outcome(raw: bytes, understand: Callable[[Frame], object]) -> str:
    """How reading went, as the process does it that gets such frames."""
    stream = io.BytesIO(raw)
    try:
        while True:
            understand(read(lambda view: stream.readinto(view)))
    except FrameError:
        return "refused"
    except EndOfFrames:
        return "read"


def answer(frame: Frame) -> object:
    """What the agent makes of an answer: facts, then messages to its host."""
    facts = read_answer(frame, MODEL)
    if isinstance(facts, RoundFacts):
        request = runs_pb2.RunRequest(case_id="case")
        return list(messages(request, MODEL, Round(facts.round, 1, [], facts=facts, payload=frame.payload)))
    if isinstance(facts, LoadFacts):
        return facts.description.to_message()
    if isinstance(facts, Hello):
        return handshake_pb2.HelloReply(runtime=facts.runtime, versions=dict(facts.versions))
    return failures.fault(facts) if isinstance(facts, Fault) else facts


if __name__ == "__main__":
    main()
