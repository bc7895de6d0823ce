"""Prints digests of every tensor that the cmodel computes, as JSON: `layer_hashes.py JOINT RUNS INPUT...`.

Needs nothing of this package, so that it can be run as a process of its own: on another CPU, say.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.program import Program
from axpair_emulator.storage.joint_file import load_program

THREADS = (1, 2)


def layer_hashes(program: Program, inputs: Mapping[str, bytes], threads: int, runs: int = 1) -> list[dict[str, str]]:
    """Per run: name to digest of shape, dtype and codes, or of an output's bytes, in the order of computing."""
    executor = Executor(program, threads)
    assert executor.threads == threads
    return [_hashed(executor, inputs) for _ in range(runs)]


def _hashed(executor: Executor, inputs: Mapping[str, bytes]) -> dict[str, str]:
    found: dict[str, str] = {}

    def tap(name: str, codes: np.ndarray[Any, Any]) -> None:
        found[name] = hashlib.sha256(f"{codes.dtype}{codes.shape}".encode() + codes.tobytes()).hexdigest()

    outputs = executor.run(inputs, tap)
    joined = executor.run(inputs)
    assert all(joined[name].tobytes() == value.tobytes() for name, value in outputs.items()), "joined runs differ"
    return found | {f"output {name}": hashlib.sha256(value.tobytes()).hexdigest() for name, value in outputs.items()}


def cpu_features() -> list[str]:
    """What numpy finds on the CPU that this process runs on, the features that it was told not to use apart."""
    package = "numpy._core" if hasattr(np, "_core") else "numpy.core"
    features: dict[str, bool] = importlib.import_module(f"{package}._multiarray_umath").__cpu_features__
    return [name for name, present in features.items() if present]


def dispatched_features() -> list[str]:
    """The features of this CPU that numpy has kernels of their own for, beyond those that it can't do without."""
    package = "numpy._core" if hasattr(np, "_core") else "numpy.core"
    kernels: list[str] = importlib.import_module(f"{package}._multiarray_umath").__cpu_dispatch__
    present = cpu_features()
    return [name for name in kernels if name in present]


def main(joint: str, runs: str, *inputs: str) -> None:
    program = load_program(Path(joint))
    given = {port.name: Path(path).read_bytes() for port, path in zip(program.inputs, inputs, strict=True)}
    hashes = {threads: layer_hashes(program, given, threads, int(runs)) for threads in THREADS}
    print(json.dumps({"cpu": cpu_features(), "threads": hashes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
