"""Choosing a damage that matters: most single bits of a model never reach its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from axpair_proto.dtypes import size_bytes

from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.metrics import cosine
from axpair_emulator.program import Port, Program


def stimulus(program: Program, random: np.random.Generator) -> dict[str, bytes]:
    """An input of noise for each port: what tells whether a damage can be seen at all."""
    return {port.name: _noise(port, random) for port in program.inputs}


def strongest(
    executor: Executor, damages: Iterable[Program], inputs: Mapping[str, bytes], enough: float = 0.5
) -> Executor:
    """The damaged program whose worst output is furthest from the healthy one's, ready to run.

    One whose cosine is below `enough` ends the search.
    """
    healthy, chosen, least = executor.run(inputs), executor, 2.0
    for program in damages:
        damaged = Executor(program, executor.threads, like=executor)
        answers = damaged.run(inputs)
        worst = min(cosine(answers[name], healthy[name]) for name in healthy)
        if worst < least:
            chosen, least = damaged, worst
        if least < enough:
            break
    return chosen


def _noise(port: Port, random: np.random.Generator) -> bytes:
    if port.dtype == "float32":
        return bytes(random.normal(0, 1, port.shape).astype("<f4").tobytes())
    return bytes(random.integers(0, 256, size_bytes(port.dtype, port.shape), np.uint8).tobytes())
