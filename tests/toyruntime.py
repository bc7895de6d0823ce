"""A runtime of four lines of arithmetic for tests of the way to a board: not the emulator, and not ours to judge.

A model file is JSON: {"outputs": N, "elements": M, "do": "..."}; input `x` is uint8 [M], output i is uint8 [M], x + i.
`do`: "crash" kills the worker in the run, "refuse" refuses to load, "changing" gives other bytes on every run.
"""

import json
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from axpair_agent.worker.runtime import RuntimeFault


class Toy:
    """One loaded toy."""

    name = "toy"

    def __init__(self, options: Mapping[str, str]) -> None:
        self.options = dict(options)
        self.model: dict[str, Any] = {}
        self.runs = 0

    def versions(self) -> dict[str, str]:
        """Its release and what it was given."""
        return {"runtime": "toy 1", **{f"option {key}": value for key, value in self.options.items()}}

    def load(self, path: str) -> dict[str, Any]:
        """Read the JSON."""
        self.model = json.loads(Path(path).read_text())
        if self.model.get("do") == "refuse":
            raise RuntimeFault("the toy refuses this model", code=77)
        size = self.model["elements"]
        tensor = {"dtype": "uint8", "shape": [size], "size_bytes": size}
        outputs = [{"name": f"y{index}", **tensor} for index in range(self.model["outputs"])]
        self.buffers = [bytearray(size) for _ in outputs]
        return {"inputs": [{"name": "x", **tensor}], "outputs": outputs, "tools_version": "toy tools"}

    def outputs(self) -> list[memoryview]:
        """Its buffers."""
        return [memoryview(buffer) for buffer in self.buffers]

    def run(self, inputs: Sequence[bytes]) -> Sequence[bytearray]:
        """Add the output's index, modulo 256."""
        self.runs += 1
        print(f"toy run {self.runs}", flush=True)
        if self.model.get("do") == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        for index, buffer in enumerate(self.buffers):
            shift = index + (self.runs if self.model.get("do") == "changing" else 0)
            buffer[:] = bytes((value + shift) % 256 for value in inputs[0])
        return self.buffers

    def close(self) -> None:
        """Nothing to let go."""
