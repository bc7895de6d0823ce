"""Runtimes for attacks on frames: one that takes its worker over and babbles, and a small one that behaves."""

import contextlib
import json
import os
import queue
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from axpair_agent.worker import WORKER_PROTOCOL
from axpair_agent.worker.descriptors import FrameStreams, marker, write_all

from benchmarks.hostile.support.frame_mutants import (
    DESCRIPTION,
    FAULT,
    HAVE,
    HELLO,
    LOAD,
    LOADED,
    NO_RUNTIME,
    OUTPUT_BYTES,
    ROUND,
    RUN,
    answers,
    harmless,
    mutant,
    valid,
)

CALM = 0
WRONG_SHARE = 0.1
"""Of the rounds that a worker is asked for; the first wrong one mostly ends it."""


class Small:
    """A model of one input and one output, whatever the file."""

    name = "small"

    def __init__(self, options: Mapping[str, str]) -> None:
        self._output = bytearray(OUTPUT_BYTES)

    def versions(self) -> dict[str, str]:
        """None worth telling."""
        return {"runtime": "small 1"}

    def load(self, path: str) -> dict[str, Any]:
        """Described as in the mutants."""
        return DESCRIPTION

    def outputs(self) -> list[memoryview]:
        """One buffer."""
        return [memoryview(self._output)]

    def run(self, inputs: Sequence[bytes]) -> list[memoryview]:
        """The first input, repeated."""
        self._output[:] = (inputs[0] * OUTPUT_BYTES)[:OUTPUT_BYTES]
        return [memoryview(self._output)]

    def close(self) -> None:
        """Nothing is held."""


class Babbler:
    """Never comes to life: it answers for the worker, from within it.

    Options: plan, a file of JSON {"hello": seed, "load": seed}; sent, a file that grows by a byte with each frame.
    A run's seed is the first eight bytes of its input; 0 is calm everywhere.
    """

    name = "babbler"

    def __init__(self, options: Mapping[str, str]) -> None:
        plan = json.loads(Path(options["plan"]).read_text())
        self._streams, self._requests = _taken_over()
        self._sent = os.open(options["sent"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._serve(plan)

    def _serve(self, plan: Mapping[str, int]) -> NoReturn:
        self._say(plan["hello"], [frame for frame in answers() if frame.kind in (HELLO, NO_RUNTIME)], HELLO)
        while True:
            request = self._requests.get()
            if request is None or isinstance(request, Exception) or request.kind not in (HAVE, LOAD, RUN):
                os._exit(0)
            nonce = request.header["nonce"]
            if request.kind != RUN:
                self._answer(plan["load"], nonce, 0, LOADED, random.Random(plan["load"]).random() < 0.5)
                continue
            seed = int.from_bytes(request.payload[:8], "little")
            rng = random.Random(seed)
            for number in range(len(request.header["rounds"])):
                self._answer(seed and rng.getrandbits(60) | 1, nonce, number, ROUND, rng.random() < WRONG_SHARE)

    def _answer(self, seed: int, nonce: str, number: int, kind: int, wrong: bool) -> None:
        answer = f"{nonce}-{number}"
        with contextlib.suppress(OSError):
            write_all(2, [marker(answer)])
        frames = [frame for frame in answers(answer, number) if kind == LOADED or frame.kind != FAULT]
        self._say(seed, frames if wrong else [frame for frame in frames if frame.kind == kind], kind, wrong)

    def _say(self, seed: int, frames: list[Any], kind: int, wrong: bool = True) -> None:
        rng = random.Random(seed)
        usual = next(frame for frame in frames if frame.kind == kind)
        if not seed:
            raw = valid(WORKER_PROTOCOL, usual)
        elif wrong:
            raw = mutant(rng, WORKER_PROTOCOL, frames)
        else:
            raw = harmless(rng, WORKER_PROTOCOL, usual)
        os.write(self._sent, b".")
        try:
            write_all(self._streams.answers, [raw])
        except OSError:
            os._exit(0)


def _taken_over() -> tuple[FrameStreams, "queue.Queue[Any]"]:
    """The streams and the queue of requests of the worker that calls us, found among its local variables."""
    streams: list[FrameStreams] = []
    queues: list[queue.Queue[Any]] = []
    for value in _locals_of_callers():
        if isinstance(value, FrameStreams):
            streams.append(value)
        if isinstance(value, queue.Queue):
            queues.append(value)
    return streams[0], queues[0]


def _locals_of_callers() -> Iterator[Any]:
    frame = sys._getframe()
    while frame is not None:
        yield from list(frame.f_locals.values())
        frame = frame.f_back  # type: ignore[assignment]
