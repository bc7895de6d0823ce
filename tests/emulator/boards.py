"""Runs on the emulated board as the worker makes them: poison, inputs handed over, outputs and digests read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from axpair_agent.worker.rounds import probe_input, run_round
from axpair_emulator.runtime import EmulatorRuntime
from axpair_proto.names import joint_name
from emulator.joints import Built


@dataclass(frozen=True)
class Answer:
    """One round."""

    outputs: tuple[bytes, ...]
    survivors: tuple[list[tuple[int, int]], ...]
    """Per output, ranges of poison that nothing overwrote."""
    delivered: tuple[str, ...]
    """Digests of the inputs as the device had them."""


class Board:
    """A loaded model on an emulated board with the given options."""

    def __init__(self, model: Built, **options: str | int) -> None:
        self.runtime = EmulatorRuntime({key: str(value) for key, value in options.items()})
        self.description: dict[str, Any] = self.runtime.load(str(model.joint))

    def run(self, inputs: dict[str, bytes]) -> Answer:
        known = {joint_name(name): data for name, data in inputs.items()}
        given = [known[tensor["name"]] for tensor in self.description["inputs"]]
        done = run_round(self.runtime, self.description, given)
        return Answer(
            tuple(bytes(output) for output in done.outputs),
            tuple(output["survivors"] for output in done.header["outputs"]),
            tuple(data["sha256"] for data in done.header["delivered"]),
        )

    def session(self, inputs: dict[str, bytes]) -> list[Answer]:
        """As in a pairing: the probe, the case, the case again."""
        return [self.run(probe(inputs)), self.run(inputs), self.run(inputs)]


def probe(inputs: dict[str, bytes]) -> dict[str, bytes]:
    return {name: probe_input(data, "uint8") for name, data in inputs.items()}


def digests(inputs: dict[str, bytes]) -> tuple[str, ...]:
    return tuple(hashlib.sha256(data).hexdigest() for data in inputs.values())


def outputs(answers: Sequence[Answer]) -> list[tuple[bytes, ...]]:
    return [answer.outputs for answer in answers]
